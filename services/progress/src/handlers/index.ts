// Every request progress answers: one line each. A failure of the database becomes `unavailable` or `internal` here.
import { routeWith, type Route } from '@cairn/bus'
import * as contract from '@cairn/contracts'
import { databaseFailure } from '@cairn/postgres'
import type { ProgressContext } from '../context.ts'
import { findUsersWithProgress } from './find-users-with-progress.ts'
import { inspectProgressTables } from './inspect-tables.ts'
import { readChanges } from './read-changes.ts'
import { readDays } from './read-days.ts'
import { readHead } from './read-head.ts'
import { readSnapshot } from './read-snapshot.ts'
import { readTrack } from './read-track.ts'
import { readTracks } from './read-tracks.ts'
import { submitEvents } from './submit-events.ts'

const serving = routeWith(databaseFailure)

export const routesOf = (context: ProgressContext): readonly Route[] => [
  serving(contract.submitEvents, submitEvents(context)),
  serving(contract.readSnapshot, readSnapshot(context)),
  serving(contract.readChanges, readChanges(context)),
  serving(contract.readTracks, readTracks(context)),
  serving(contract.readTrack, readTrack(context)),
  serving(contract.readDays, readDays(context)),
  serving(contract.readHead, readHead(context)),
  serving(contract.findUsersWithProgress, findUsersWithProgress(context)),
  serving(contract.inspectProgressTables, inspectProgressTables(context)),
]
