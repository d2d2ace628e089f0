/** What every field for an API key has: hidden as it is typed, and only what a header can carry. */
export const keyField = {
  type: "password",
  autocomplete: "off",
  spellcheck: false,
  pattern: "[ -~]+",
  title: "Letters, digits and punctuation of ASCII",
} as const;
