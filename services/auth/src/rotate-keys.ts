// An operator's order to rotate the signing keys. Waits until the next key may sign, so that no request fails.
import { setTimeout as sleep } from 'node:timers/promises'
import { rotateKeys, type KeyRotation } from '@cairn/contracts'
import { askAuth, type OperatorEnds } from './ask-auth.ts'

export interface RotationOrder extends OperatorEnds {
  /** Tokens of the key that signed so far die at once; their holders refresh. */
  readonly revokePrevious: boolean
  /** Told when there is something to wait for. */
  readonly onWait: (seconds: number) => void
}

/** Rejects when NATS cannot be reached, and with `unavailable` when no auth answers. */
export const orderKeyRotation = (order: RotationOrder): Promise<KeyRotation> =>
  askAuth(order, async ask => {
    for (;;) {
      const rotation = await ask(rotateKeys, { revoke_previous: order.revokePrevious })
      if (rotation.rotated) return rotation
      order.onWait(rotation.ready_in_s)
      await sleep(Math.max(rotation.ready_in_s, 1) * 1_000)
    }
  })
