/** Finds text that does not fit where it stands. `dev/check screens` uses it as well. */

const TOLERANCE = 1;

const isShown = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 1 && height > 1 && getComputedStyle(element).visibility === "visible";
};

const getText = (element) => {
    if (element.matches("input, textarea")) {
        return element.value || element.placeholder;
    }
    return [...element.childNodes]
        .filter((node) => node.nodeType === Node.TEXT_NODE)
        .map((node) => node.textContent.trim())
        .join(" ")
        .trim();
};

/** Whether the text goes on beyond an edge, be it with dots, hidden, or to be scrolled to. */
const isCut = (element) => {
    if (element.matches("input, textarea")) {
        return element.scrollWidth > element.clientWidth + TOLERANCE;
    }
    const range = document.createRange();
    range.selectNodeContents(element);
    const { left, right } = range.getBoundingClientRect();
    for (let around = element; around; around = around.parentElement) {
        if (getComputedStyle(around).overflowX === "visible") {
            continue;
        }
        const edge = around.getBoundingClientRect();
        if (left < edge.left - TOLERANCE || right > edge.right + TOLERANCE) {
            return true;
        }
    }
    return right > document.documentElement.clientWidth + TOLERANCE;
};

/**
 * @param {Element} root
 * @param {string} [except] selector of elements, with what is in them, that may be cut
 * @returns {string[]} the texts in it that are cut
 */
export function findCutTexts(root, except = ".o_cut_text_allowed") {
    return [root, ...root.querySelectorAll("*")]
        .filter((element) => !element.closest(except) && isShown(element))
        .filter((element) => getText(element) && isCut(element))
        .map((element) => getText(element));
}

/**
 * @param {string} selector
 * @param {string} [except] see `findCutTexts`
 * @returns {Object} step of a tour
 */
export const nothingIsCut = (selector, except) => ({
    content: `No text of ${selector} is cut`,
    trigger: selector,
    run() {
        const cut = findCutTexts(document.querySelector(selector), except);
        if (cut.length) {
            throw new Error(`Cut at ${window.innerWidth} px: ${cut.join(" | ")}`);
        }
    },
});
