// Where a logger's lines go: every one to the flight recorder, those of the wanted level out as well.
import { pino, symbols, type DestinationStream } from 'pino'
import type { FlightRecorder } from './flight-recorder.ts'
import { redactByShape } from './redact.ts'
import type { Telemetry } from './telemetry.ts'

export interface RecordingDestinationOptions {
  readonly recorder: FlightRecorder
  /** Least severe level that is written. */
  readonly level: string
  readonly out: DestinationStream
  readonly exportLine: Telemetry['exportLine']
}

/** Pino tells a destination that asks for it the level of the line it is about to write. */
interface RecordingDestination extends DestinationStream {
  lastLevel: number
}

export const recordingDestination = ({
  recorder,
  level,
  out,
  exportLine,
}: RecordingDestinationOptions): DestinationStream => {
  const least = level === 'silent' ? Number.POSITIVE_INFINITY : (pino.levels.values[level] ?? 0)
  const destination: RecordingDestination = {
    lastLevel: 0,
    write: line => {
      const safe = redactByShape(line)
      if (recorder.enabled) recorder.recordLine(safe)
      if (destination.lastLevel < least) return
      out.write(safe)
      exportLine?.(destination.lastLevel, safe)
    },
  }
  return Object.assign(destination, { [symbols.needsMetadataGsym]: true })
}
