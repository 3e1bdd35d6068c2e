// Numbers and dates as the page writes them: thousands separated, dates ISO 8601, times UTC.

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const NONE = "–";

export const count = (value) => (value === null || value === undefined ? NONE : whole.format(value));

/** A count that was cut off at `most`. */
export const upTo = (value, most) => (value > most ? `more than ${whole.format(most)}` : whole.format(value));

export function share(part, all, digits = 1) {
  return all ? `${((100 * part) / all).toFixed(digits)} %` : NONE;
}

/** A figure with about three digits that count. */
export function figure(value) {
  if (value === null || value === undefined) return NONE;
  const size = Math.abs(value);
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export const interval = (low, high) => (low === null || high === null ? "" : `${figure(low)} to ${figure(high)}`);

/** 2026-11-26 07:12 UTC */
export const moment = (iso) => (iso ? `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC` : NONE);

export function days(from, to) {
  return Math.max(0, Math.floor((Date.parse(to) - Date.parse(from)) / 86_400_000));
}

export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

const METRICS = {
  precision: "Precision", recall: "Recall", f1: "F1", roc_auc: "ROC-AUC", pr_auc: "PR-AUC", brier: "Brier score",
  log_loss: "Log loss", ks: "KS", positive_rate: "Share of positives", expected_rate: "Expected share", mae: "MAE",
  rmse: "RMSE", r2: "R²", mape: "MAPE", bias: "Bias",
};

export const metricName = (metric) => METRICS[metric] ?? metric;
