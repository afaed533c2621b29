import { _t } from "@web/core/l10n/translation";

const MARKS = {
    to_confirm: { label: _t("To confirm"), icon: "fa-question-circle", badge: "text-bg-warning" },
    unbilled: { label: _t("Not invoiced"), icon: "fa-circle-o", badge: "text-bg-info" },
    partial: { label: _t("Partly invoiced"), icon: "fa-adjust", badge: "text-bg-warning" },
    invoiced: { label: _t("Invoiced"), icon: "fa-file-text-o", badge: "text-bg-primary" },
    paid: { label: _t("Paid"), icon: "fa-check-circle", badge: "text-bg-success" },
    waived: { label: _t("Not billed"), icon: "fa-minus-circle", badge: "text-bg-light" },
};

/**
 * How a session's `billing_state` is shown, in words and without relying on colour.
 *
 * @param {string|false} state
 * @returns {{ state: string, label: string, icon: string, badge: string }|null}
 */
export function billingMark(state) {
    return MARKS[state] ? { state, ...MARKS[state] } : null;
}
