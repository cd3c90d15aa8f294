// Arrays as PostgreSQL reads them, each by what its elements are. pg's own conversion looks at every element for what it is, quotes
// and escapes it, which was a tenth of what recording events cost. https://www.postgresql.org/docs/18/arrays.html#ARRAYS-INPUT

/** Numbers, or null for none. */
export const numberArray = (values: readonly (number | null)[]): string =>
  `{${values.map(value => (value === null ? 'NULL' : String(value))).join()}}`

/** Texts without commas, braces, quotes, backslashes and spaces, and none that is empty or `NULL`: ids, days, names of an enum. */
export const plainArray = (values: readonly (string | null)[]): string =>
  `{${values.map(value => value ?? 'NULL').join()}}`

const quoted = (value: string): string =>
  `"${/["\\]/.test(value) ? value.replaceAll(/["\\]/g, String.raw`\$&`) : value}"`

/** Any texts. */
export const textArray = (values: readonly string[]): string => `{${values.map(quoted).join()}}`
