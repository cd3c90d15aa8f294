// The stored state of these items; those that have none are left out.
import { plainArray } from '@cairn/postgres'
import type pg from 'pg'
import type { ItemKey, ItemState } from '../../domain/item.ts'
import { itemColumns, itemOf, type ItemRow } from '../item-row.ts'

export interface UserItemKey extends ItemKey {
  readonly userId: string
}

const statement = {
  name: 'read-items',
  text: `SELECT ${itemColumns}
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS wanted (user_id, track_id, item_id)
    JOIN progress.items AS i
      ON i.user_id = wanted.user_id
      AND i.track_id = wanted.track_id COLLATE "C" AND i.item_id = wanted.item_id COLLATE "C"`,
}

export const readItems = async (
  client: pg.ClientBase,
  keys: readonly UserItemKey[],
): Promise<readonly { userId: string; item: ItemState }[]> => {
  const { rows } = await client.query<ItemRow>({
    ...statement,
    values: [plainArray(keys.map(key => key.userId)), keys.map(key => key.trackId), keys.map(key => key.itemId)],
  })
  return rows.map(row => ({ userId: row.user_id, item: itemOf(row) }))
}
