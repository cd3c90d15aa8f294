// Phones, the network between them and the services, and what they ask for: for tests and benchmarks that put the whole stack under
// load.
export { openEntrance, openPhones, type Entrance } from './entrance.ts'
export { openNetwork, type Network } from './network.ts'
export { atRate, nextEvent } from './pace.ts'
export { type Answered, type Ask, type PatientApi } from './patient-api.ts'
export { Phone, type DoorName } from './phone.ts'
export { signInAsGuest, signInWithApple, succeed } from './sign-in.ts'
export { countLost, judge, notOnceIn, settle, type Verdict } from './verdict.ts'
