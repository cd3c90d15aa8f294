// What the services of a stack complain of. Not that something was not to be had for a while: a machine that stood still for
// longer than a connection waits is no matter of whoever asked.
import type { CapturedLogs } from '@cairn/testkit'

export const faultsOfOurs = ({ lines }: CapturedLogs): string[] =>
  lines.filter(line => line.includes('"level":"error"') && !line.includes('"code":"unavailable"'))
