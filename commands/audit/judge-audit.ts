// What `npm audit --json` says, as lines for people and whether it may pass. A registry that has no audit compares nothing, which is
// said and does not fail: mirrors seldom have it.

interface Advisory {
  readonly name: string
  readonly title: string
  readonly url: string
  readonly severity: string
}

/** Findings, or why there are none to be had. */
type Audit =
  | { readonly vulnerabilities: Readonly<Record<string, { readonly via: readonly (string | Advisory)[] }>> }
  | { readonly message: string; readonly statusCode?: number }

export interface AuditVerdict {
  readonly passes: boolean
  readonly lines: readonly string[]
}

/** Answers of a registry that does not know the question. */
const unknownThere = [404, 405, 501]
const grave = ['high', 'critical']

/** `explained`: reasons why a finding does not apply, by its advisory's address. */
export const judgeAudit = (output: string, explained: Readonly<Record<string, string>>): AuditVerdict => {
  const audit = JSON.parse(output) as Audit
  if (!('vulnerabilities' in audit)) {
    const passes = unknownThere.includes(audit.statusCode ?? 0)
    const what = passes ? 'this registry has no audit, so nothing was compared' : 'the registry could not be asked'
    return { passes, lines: [`npm audit: ${what}: ${audit.message}`] }
  }
  const advisories = Object.values(audit.vulnerabilities)
    .flatMap(({ via }) => via)
    .filter(one => typeof one === 'object')
    .filter(({ severity }) => grave.includes(severity))
  const lines = advisories.map(({ name, severity, title, url }) => {
    const reason = explained[url]
    return `npm audit: ${severity}: ${name}: ${title} (${url})${reason === undefined ? '' : `; does not apply: ${reason}`}`
  })
  const passes = advisories.every(({ url }) => Object.hasOwn(explained, url))
  return { passes, lines: lines.length === 0 ? ['npm audit: no finding that is high or critical'] : lines }
}
