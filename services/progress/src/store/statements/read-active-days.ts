// All active days of these users, for a late event that made an earlier day active: at most one row per day since 1970.
import { plainArray, type Queryable } from '@cairn/postgres'
import { parseDay } from '../../domain/day.ts'

const statement = {
  name: 'read-active-days',
  text: `SELECT user_id, day FROM progress.days WHERE user_id = ANY ($1::uuid[]) ORDER BY user_id, day`,
}

/** By user, ascending. */
export const readActiveDays = async (
  client: Queryable,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, readonly number[]>> => {
  const { rows } = await client.query<{ user_id: string; day: string }>({ ...statement, values: [plainArray(userIds)] })
  const byUser = new Map<string, number[]>(userIds.map(userId => [userId, []]))
  for (const row of rows) byUser.get(row.user_id)?.push(parseDay(row.day))
  return byUser
}
