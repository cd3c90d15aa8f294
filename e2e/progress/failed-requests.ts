// What the services of a stack say of requests that failed for a reason of ours. What else they complain of, such as a machine
// that stood still for longer than a connection waits, is no matter of whoever asked.
import type { CapturedLogs } from '@cairn/testkit'

export const failedRequests = ({ lines }: CapturedLogs): string[] =>
  lines.filter(line => line.includes('"level":"error"') && line.includes('"message":"request failed'))
