import { registry } from "@web/core/registry";

import { nothingIsCut } from "./cut_text";

const chart = () => ({
    content: "The chart is there",
    trigger: ".o_graph_renderer canvas",
});

registry.category("web_tour.tours").add("credit_note_analysis", {
    steps: () => [
        chart(),
        nothingIsCut(".o_graph_view .o_content"),
        {
            content: "As a table",
            trigger: ".o_switch_view.o_pivot",
            run: "click",
        },
        {
            content: "A credit note without a reason has a row of its own",
            trigger: ".o_pivot tbody th:contains(No reason given)",
        },
        {
            content: "What was credited is positive",
            trigger: ".o_pivot tbody tr:contains(Order cancelled) td:contains(100.00)",
        },
        nothingIsCut(".o_pivot"),
        {
            content: "As a list",
            trigger: ".o_switch_view.o_list",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains(Order cancelled) td[name=name]",
            run: "click",
        },
        {
            content: "A row opens the credit note",
            trigger: ".o_form_view div[name=credit_note_reason_id]:contains(Order cancelled)",
        },
    ],
});

registry.category("web_tour.tours").add("credit_note_analysis_on_phone", {
    steps: () => [chart(), nothingIsCut(".o_graph_view .o_content")],
});
