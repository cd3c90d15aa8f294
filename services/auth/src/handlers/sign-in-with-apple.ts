// Sign-in with Apple. The token is verified before the database is asked anything; nonce, account and session are then one
// transaction, so a nonce is used up exactly when a session exists.
import type { Handler } from '@cairn/bus'
import { CairnError, type signInWithApple } from '@cairn/contracts'
import { inTransaction } from '@cairn/postgres'
import { verifyIdentityToken } from '../apple/verify-identity-token.ts'
import type { AuthContext } from '../context.ts'
import { displayText } from '../domain/display-text.ts'
import { consumeNonce } from '../store/consume-nonce.ts'
import { accountForIdentity, guestToUpgrade } from './account-for-identity.ts'
import { nonceHash } from './nonce-hash.ts'
import { openSession } from './open-session.ts'
import { sessionAnswer } from './session-answer.ts'

export const handleSignInWithApple =
  (context: AuthContext): Handler<typeof signInWithApple> =>
  async (request, { caller }) => {
    const { identity_token: token, nonce, authorization_code: code, display_name: displayName, device } = request
    const { config, logger, pool, apple } = context
    const rules = {
      issuers: config.appleIssuers,
      clientIds: config.appleClientIds,
      maxAgeSeconds: config.appleTokenMaxAgeSeconds,
      skewSeconds: config.clockSkewSeconds,
    }
    const identity = await verifyIdentityToken({ keys: apple.keys, rules, logger }, { token, nonce })
    const key = { issuer: identity.issuer, teamId: config.appleTeamId, subject: identity.subject }
    const guestId = await guestToUpgrade(pool, key, caller?.userId)
    const granted = await inTransaction(pool, async client => {
      if (!(await consumeNonce(client, nonceHash(nonce)))) {
        logger.debug({ fault: 'nonce_not_ours' }, 'identity token refused')
        throw new CairnError('token_invalid')
      }
      const claim = { key, identity, displayName: displayText(displayName), guestId }
      const account = await accountForIdentity(client, claim)
      const session = await openSession(context, client, { ...account, device })
      if (code !== undefined) {
        await apple.codes.keep(client, { userId: account.user.id, clientId: identity.clientId }, code)
      }
      return session
    })
    apple.codes.kept()
    return sessionAnswer(context, granted)
  }
