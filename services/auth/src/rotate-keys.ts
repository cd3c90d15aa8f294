// An operator's order to rotate the signing keys, given over the bus to whichever auth answers. Waits until the next key may
// sign, so that no request fails.
import { setTimeout as sleep } from 'node:timers/promises'
import { Bus, request } from '@cairn/bus'
import { rotateKeys, type KeyRotation } from '@cairn/contracts'
import type { Logger } from '@cairn/runtime'

export interface RotationOrder {
  readonly natsUrl: string
  readonly logger: Logger
  /** Tokens of the key that signed so far die at once; their holders refresh. */
  readonly revokePrevious: boolean
  /** Told when there is something to wait for. */
  readonly onWait: (seconds: number) => void
}

/** For NATS and for auth each. */
const timeoutMs = 5_000

/** Rejects when NATS cannot be reached, and with `unavailable` when no auth answers. */
export const orderKeyRotation = async (order: RotationOrder): Promise<KeyRotation> => {
  const { natsUrl: url, logger } = order
  const bus = await Bus.connect({ url, name: 'rotate-keys', logger, connectWithinMs: timeoutMs })
  try {
    for (;;) {
      const payload = { revoke_previous: order.revokePrevious }
      const rotation = await request(bus, rotateKeys, { payload, timeoutMs })
      if (rotation.rotated) return rotation
      order.onWait(rotation.ready_in_s)
      await sleep(Math.max(rotation.ready_in_s, 1) * 1_000)
    }
  } finally {
    await bus.drain(0)
  }
}
