// Numbers as people read them.

const grouped = new Intl.NumberFormat("en-US");

const short = new Intl.NumberFormat("en-US", {
  style: "unit", unit: "byte", unitDisplay: "narrow", notation: "compact", maximumSignificantDigits: 3,
});

export const number = (n) => (Number.isFinite(n) ? grouped.format(n) : "");
export const size = (n) => short.format(n); // 9.67MB
export const ratio = (n) => (Number.isFinite(n) ? n.toFixed(1) : "");
export const percent = (n, all) => `${((100 * n) / all).toFixed(1)} %`;

// visible writes out what of a hostile name would not be seen, or would turn the
// line around.
export const visible = (s) =>
  s.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => `\\u${c.codePointAt(0).toString(16).padStart(4, "0")}`);
