// Arrays as PostgreSQL reads them, for values that need no quotes. pg's own conversion quotes and escapes every element, which
// was a tenth of what recording events cost. https://www.postgresql.org/docs/18/arrays.html#ARRAYS-INPUT

/** Numbers, or null for none. */
export const numberArray = (values: readonly (number | null)[]): string =>
  `{${values.map(value => (value === null ? 'NULL' : String(value))).join()}}`

/** Texts without commas, braces, quotes, backslashes and spaces, and none that is empty or `NULL`: ids, names of an enum. */
export const plainArray = (values: readonly string[]): string => `{${values.join()}}`
