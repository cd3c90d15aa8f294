// Settings that every connection of Cairn's states itself. A database or a role may have others (ALTER ROLE … SET …), with which
// texts would be read wrongly, numbers lose digits, or a commit be acknowledged before it is on disk.

const settings = {
  array_nulls: 'on',
  bytea_output: 'hex',
  client_encoding: 'UTF8',
  datestyle: 'ISO',
  default_transaction_isolation: 'read committed',
  extra_float_digits: '1',
  intervalstyle: 'postgres',
  standard_conforming_strings: 'on',
  // Where a standby is synchronous it is waited for too. `remote_apply` would add nothing: no standby is read.
  synchronous_commit: 'on',
  timezone: 'UTC',
} as const

/**
 * For pg's `options`; `more` wins. Neither is input: part of the code. Left to the operator: default_transaction_read_only, with
 * which a database is closed on purpose.
 */
export const sessionOptions = (more: Readonly<Record<string, string>> = {}): string =>
  Object.entries({ ...settings, ...more })
    .map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\ ]/g, String.raw`\$&`)}`)
    .join(' ')
