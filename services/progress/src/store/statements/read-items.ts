// The stored state of these items; those that have none are left out.
import { plainArray, textArray, type Queryable } from '@cairn/postgres'
import type { ItemKey, ItemState } from '../../domain/item.ts'
import { itemColumns, itemOf, type ItemRow } from '../item-row.ts'

export interface UserItemKey extends ItemKey {
  readonly userId: string
}

const statement = {
  name: 'read-items',
  text: `SELECT ${itemColumns}
    FROM (
      SELECT unnest($1::uuid[]) AS user_id, unnest($2::text[]) AS track_id, unnest($3::text[]) AS item_id
    ) AS wanted
    JOIN progress.items AS i
      ON i.user_id = wanted.user_id
      AND i.track_id = wanted.track_id COLLATE "C" AND i.item_id = wanted.item_id COLLATE "C"`,
}

export const readItems = async (
  client: Queryable,
  keys: readonly UserItemKey[],
): Promise<readonly { userId: string; item: ItemState }[]> => {
  const { rows } = await client.query<ItemRow>({
    ...statement,
    values: [
      plainArray(keys.map(key => key.userId)),
      textArray(keys.map(key => key.trackId)),
      textArray(keys.map(key => key.itemId)),
    ],
  })
  return rows.map(row => ({ userId: row.user_id, item: itemOf(row) }))
}
