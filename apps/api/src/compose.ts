import type { Bus, Clock, Presence } from '@rendezvous/cluster'
import type { Backend } from '@rendezvous/contract'
import type { Tokens } from '@rendezvous/tokens'
import { conversationsIn } from './adapters/conversations.ts'
import { messagesIn } from './adapters/messages.ts'
import { outboxIn } from './adapters/outbox.ts'
import { receiptsIn } from './adapters/receipts.ts'
import { databaseSessions } from './adapters/sessions.ts'
import { databaseUsers } from './adapters/users.ts'
import type { OpenDatabase } from './database/open.ts'
import type { Conversations } from './ports/conversations.ts'
import type { Messages } from './ports/messages.ts'
import type { Outbox } from './ports/outbox.ts'
import type { Receipts } from './ports/receipts.ts'
import type { Sessions } from './ports/sessions.ts'
import type { Users } from './ports/users.ts'
import { type AccountService, accountService } from './services/accounts.ts'
import { type Announcer, announcer as announcing, type Warn } from './services/announcer.ts'
import { backend } from './services/backend.ts'
import { type ConversationService, conversationService } from './services/conversations.ts'
import { type MessageService, messageService } from './services/messages.ts'
import type { Passwords } from './services/passwords.ts'
import { presenceService } from './services/presence.ts'
import { receiptService } from './services/receipts.ts'
import { type SessionService, sessionService } from './services/sessions.ts'
import { type Sweeper, sweeper } from './services/sweeper.ts'

/** What the services of one api node stand on. */
export interface ServicePorts {
  readonly users: Users
  readonly sessions: Sessions
  readonly conversations: Conversations
  readonly messages: Messages
  readonly receipts: Receipts
  readonly outbox: Outbox
  readonly bus: Pick<Bus, 'publish'>
  readonly presence: Pick<Presence, 'online' | 'declare'>
  readonly tokens: Tokens
  readonly passwords: Passwords
  readonly refreshTtlMs: number
  /** Milliseconds since 1970. */
  readonly clock: Clock
  /** A new uuid. */
  readonly newId: () => string
  /** Told of what failed without failing a request. */
  readonly warn: Warn
}

/** Everything one api node does. */
export interface ApiServices {
  readonly accounts: AccountService
  readonly sessions: SessionService
  readonly conversations: ConversationService
  readonly messages: MessageService
  readonly announcer: Announcer
  /** For one timer of `main`, every second or so. */
  readonly sweeper: Sweeper
  /** For gateways. */
  readonly backend: Backend
}

/** Puts the services of one api node together. Starts nothing. */
export function apiServices(ports: ServicePorts): ApiServices {
  const { clock, newId, warn } = ports
  const announcer = announcing({ ...ports, clock, warn })
  const sessions = sessionService({ ...ports, announceEnd: announcer.sessionsEnded })
  const receipts = receiptService({ receipts: ports.receipts, announcer })
  const presence = presenceService({ ...ports, announcer })
  const messages = messageService({ ...ports, receipts, announcer, newId })
  return {
    accounts: accountService({ ...ports, sessions, presence }),
    sessions,
    conversations: conversationService({ ...ports, presence, announcer }),
    messages,
    announcer,
    sweeper: sweeper({ ...ports, announcer }),
    backend: backend({ ...ports, sessions, messages, receipts, presence })
  }
}

/** The ports that an open database, already migrated, stands behind. */
export type DatabasePorts = Pick<
  ServicePorts,
  'users' | 'sessions' | 'conversations' | 'messages' | 'receipts' | 'outbox'
>

/** Every port of the services that is kept in the database. */
export function databasePorts({ database, hot, prisma }: OpenDatabase): DatabasePorts {
  return {
    users: databaseUsers(database, prisma),
    sessions: databaseSessions(database),
    conversations: conversationsIn(database),
    messages: messagesIn(database, hot),
    receipts: receiptsIn(database, hot),
    outbox: outboxIn(database)
  }
}
