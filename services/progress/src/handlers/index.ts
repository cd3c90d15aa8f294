// Every request progress answers.
import { route, type Handler, type Route } from '@cairn/bus'
import * as contract from '@cairn/contracts'
import type { Operation } from '@cairn/contracts'
import { databaseFailure } from '@cairn/postgres'
import type { ProgressContext } from '../context.ts'
import { readChanges } from './read-changes.ts'
import { readDays } from './read-days.ts'
import { readHead } from './read-head.ts'
import { readSnapshot } from './read-snapshot.ts'
import { readTrack } from './read-track.ts'
import { readTracks } from './read-tracks.ts'
import { submitEvents } from './submit-events.ts'

/** What fails in Postgres is said as the outside understands it: `unavailable` when it may pass, else `internal`. */
const owned = <O extends Operation>(operation: O, handle: Handler<O>): Route =>
  route<O>(operation, async (payload, call) => {
    try {
      return await handle(payload, call)
    } catch (error) {
      throw databaseFailure(error)
    }
  })

export const routesOf = (context: ProgressContext): readonly Route[] => [
  owned(contract.submitEvents, submitEvents(context)),
  owned(contract.readSnapshot, readSnapshot(context)),
  owned(contract.readChanges, readChanges(context)),
  owned(contract.readTracks, readTracks(context)),
  owned(contract.readTrack, readTrack(context)),
  owned(contract.readDays, readDays(context)),
  owned(contract.readHead, readHead(context)),
]
