// What becomes of the signing keys at a moment. A key is published before it signs, so that every verifier knows it by then,
// and verified for as long as a token that it signed may live.

export interface KeyAge {
  readonly kid: string
  readonly state: 'standby' | 'current' | 'previous'
  /** How long it has been in that state. */
  readonly seconds: number
}

export interface KeyRules {
  /** Age at which the current key stops signing. */
  readonly rotationSeconds: number
  /** How long a key is published before it signs. */
  readonly publishSeconds: number
  /** How long a key is verified after it stopped signing. */
  readonly previousSeconds: number
}

/** `rotate`: now, whatever the age of the current key. `revokePrevious`: whatever stopped signing is not verified any more. */
export interface KeyOrder {
  readonly rotate: boolean
  readonly revokePrevious: boolean
}

export interface KeyPlan {
  /** Signs from now on; the current key then is a previous one. */
  readonly promote: string | undefined
  readonly revoke: readonly string[]
  /** Whether a standby is to be made. */
  readonly makeStandby: boolean
  /** Until there is a standby that may sign, if nothing is promoted. */
  readonly readyInSeconds: number
}

const never: KeyOrder = { rotate: false, revokePrevious: false }

export const planKeys = (keys: readonly KeyAge[], rules: KeyRules, order: KeyOrder = never): KeyPlan => {
  const standby = keys.find(key => key.state === 'standby')
  const current = keys.find(key => key.state === 'current')
  const readyInSeconds = Math.max(rules.publishSeconds - (standby?.seconds ?? 0), 0)
  const due = order.rotate || (current !== undefined && current.seconds >= rules.rotationSeconds)
  const promote = due && readyInSeconds === 0 ? standby?.kid : undefined
  const revokeAll = order.revokePrevious && promote !== undefined
  const dead = keys.filter(key => key.state === 'previous' && (revokeAll || key.seconds >= rules.previousSeconds))
  const retired = revokeAll && current !== undefined ? [current.kid] : []
  return {
    promote,
    revoke: [...dead.map(key => key.kid), ...retired],
    makeStandby: standby === undefined || promote !== undefined,
    readyInSeconds: Math.ceil(readyInSeconds),
  }
}
