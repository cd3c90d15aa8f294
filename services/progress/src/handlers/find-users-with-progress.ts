// Who of some users has made progress, for the janitor.
import type { UserIds } from '@cairn/contracts'
import type { ProgressContext } from '../context.ts'
import { findUsersWithLog } from '../store/statements/find-users-with-log.ts'

export const findUsersWithProgress =
  ({ pool }: ProgressContext) =>
  async ({ user_ids: userIds }: UserIds): Promise<UserIds> => ({ user_ids: await findUsersWithLog(pool, userIds) })
