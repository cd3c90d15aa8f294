// Phones and the network between them and the services, for tests and benchmarks that put the whole stack under load.
export { openNetwork, type Network } from './network.ts'
export { Phone, type DoorName } from './phone.ts'
export { watchReadiness, type Readiness } from './readiness.ts'
export { judge, readLog, type Verdict } from './verdict.ts'
