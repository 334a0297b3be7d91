import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";

// What is open is shown first, until the user removes the filter.
const FILTER = "open";

const getKey = () => `account_partner_credit_note.all_documents,${user.userId}`;

/** @returns {Object} the part of the context that sets the filter */
export function getOpenFilter() {
    return browser.localStorage.getItem(getKey()) ? {} : { [`search_default_${FILTER}`]: 1 };
}

export function rememberOpenFilter(searchModel) {
    const [filter] = searchModel.getSearchItems(({ name }) => name === FILTER);
    if (filter.isActive) {
        browser.localStorage.removeItem(getKey());
    } else {
        browser.localStorage.setItem(getKey(), "1");
    }
}
