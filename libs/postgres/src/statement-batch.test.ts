// What no server does as it is: a batch that is said to be over while a statement of it has no answer.
import pg from 'pg'
import { expect, it } from 'vitest'
import { StatementBatch } from './statement-batch.ts'

it('nobody waits for a statement that was passed by', async () => {
  const batch = new StatementBatch(new pg.Client())
  const told: unknown[] = []
  batch.callback = error => void told.push(error)
  const answers = Promise.allSettled(['first', 'second'].map(name => batch.add({ name, text: 'SELECT 1' })))
  batch.handleCommandComplete({ text: 'SELECT 1' })
  batch.handleReadyForQuery()
  expect(await answers).toMatchObject([{ value: { rows: [], command: 'SELECT 1' } }, { status: 'rejected' }])
  expect(told).toEqual([expect.any(Error)])
})
