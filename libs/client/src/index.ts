// Cairn's client for apps: browsers, React Native, Node. It needs fetch and WebSocket, and nothing of Node.
export type { Backoff } from './backoff.ts'
export { CairnProblem, isProblem } from './cairn-problem.ts'
export { createCairnClient, type CairnClient, type CairnClientOptions } from './client.ts'
export type { EventStorage, QueuedEvent } from './event-queue.ts'
export { LocalLog, type Applied, type LocalLogOptions } from './local-log.ts'
export type { RealtimeStatus } from './realtime-client.ts'
