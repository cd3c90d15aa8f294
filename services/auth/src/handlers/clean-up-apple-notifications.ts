// Deletes notes of notifications that would be refused for their age by now, for the janitor.
import type { Handler } from '@cairn/bus'
import type { cleanUpAppleNotifications } from '@cairn/contracts'
import type { AuthContext } from '../context.ts'
import { deleteOldAppleNotifications, readOldAppleNotifications } from '../store/delete-old-apple-notifications.ts'
import { cleaningUp } from './cleaning-up.ts'

/** A notification may be dated ahead by the skew and is believed for the skew beyond its age. */
const skews = 3

export const handleCleanUpAppleNotifications = ({
  config,
  pool,
}: AuthContext): Handler<typeof cleanUpAppleNotifications> => {
  const keepSeconds = config.appleNotificationMaxAgeSeconds + skews * config.clockSkewSeconds
  return cleaningUp({
    remove: limit => deleteOldAppleNotifications(pool, { limit, keepSeconds }),
    due: limit => readOldAppleNotifications(pool, { limit, keepSeconds }),
  })
}
