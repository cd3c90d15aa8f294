// A stretch of the items of one track, in byte order of their ids.
import type pg from 'pg'
import type { ItemKey, ItemState } from '../../domain/item.ts'
import { itemColumns, itemOf, type ItemRow } from '../item-row.ts'

const statement = {
  name: 'read-item-page',
  text: `SELECT ${itemColumns} FROM progress.items AS i
    WHERE i.user_id = $1 AND i.track_id = $2 AND i.item_id > $3 ORDER BY i.item_id LIMIT $4`,
}

/** At most `limit` items behind `itemId`; behind '' is from the first on. */
export const readItemPage = async (
  client: pg.ClientBase,
  { userId, trackId, itemId, limit }: ItemKey & { userId: string; limit: number },
): Promise<readonly ItemState[]> => {
  const { rows } = await client.query<ItemRow>({ ...statement, values: [userId, trackId, itemId, limit] })
  return rows.map(itemOf)
}
