// What a client is told of its limits: draft-ietf-httpapi-ratelimit-headers-11, and 429 when it went beyond one.
import { CairnError } from '@cairn/contracts'
import type { Policy, Verdict } from './policy.ts'

export interface LimitHeaders {
  readonly ratelimit: string
  readonly 'ratelimit-policy': string
}

/** There are few policies, and every answer names some. */
const policyItems = new WeakMap<Policy, string>()

const policyItem = (policy: Policy): string => {
  const known = policyItems.get(policy)
  if (known !== undefined) return known
  const item = `"${policy.name}";q=${policy.points};w=${policy.windowSeconds}`
  policyItems.set(policy, item)
  return item
}

const verdictItem = ({ policy, remaining, resetSeconds }: Verdict): string =>
  `"${policy.name}";r=${remaining};t=${resetSeconds}`

export const limitHeaders = (verdicts: readonly Verdict[]): LimitHeaders => ({
  ratelimit: verdicts.map(verdictItem).join(', '),
  'ratelimit-policy': verdicts.map(({ policy }) => policyItem(policy)).join(', '),
})

/** The error to answer with when one of them does not allow it; `retry_after` is when the last of those windows ends. */
export const refusalOf = (verdicts: readonly Verdict[]): CairnError | undefined => {
  const refused = verdicts.filter(({ allowed }) => !allowed)
  if (refused.length === 0) return undefined
  return new CairnError('rate_limited', {
    retryAfterSeconds: Math.max(...refused.map(({ resetSeconds }) => resetSeconds)),
    violatedPolicies: refused.map(({ policy }) => policy.name),
  })
}
