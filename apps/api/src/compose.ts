import type { Bus, Clock, Limits, Presence } from '@rendezvous/cluster'
import { type Backend, type FailureRates, failureRates, rates } from '@rendezvous/contract'
import type { Tokens } from '@rendezvous/tokens'
import { databaseAddresses } from './adapters/addresses.ts'
import { conversationsIn } from './adapters/conversations.ts'
import { groupsIn } from './adapters/groups.ts'
import { messageChangesIn } from './adapters/message-changes.ts'
import { messagesIn } from './adapters/messages.ts'
import { oldHashesIn } from './adapters/old-hashes.ts'
import { outboxIn } from './adapters/outbox.ts'
import { receiptsIn } from './adapters/receipts.ts'
import { searchIn } from './adapters/search.ts'
import { databaseSessions } from './adapters/sessions.ts'
import { syncIn } from './adapters/sync.ts'
import { databaseUsers } from './adapters/users.ts'
import { visibilityIn } from './adapters/visibility.ts'
import type { OpenDatabase } from './database/open.ts'
import { isOutage } from './kernel/outage.ts'
import type { Addresses } from './ports/addresses.ts'
import type { Conversations } from './ports/conversations.ts'
import type { Groups } from './ports/groups.ts'
import type { MessageChanges } from './ports/message-changes.ts'
import type { Messages } from './ports/messages.ts'
import type { OldHashes } from './ports/old-hashes.ts'
import type { Outbox } from './ports/outbox.ts'
import type { Receipts } from './ports/receipts.ts'
import type { MessageSearch } from './ports/search.ts'
import type { Sessions } from './ports/sessions.ts'
import type { Sync } from './ports/sync.ts'
import type { Users } from './ports/users.ts'
import type { PresenceAudience, Visibility } from './ports/visibility.ts'
import { type AccountService, accountService } from './services/accounts.ts'
import { type Announcer, announcer as announcing, type Warn } from './services/announcer.ts'
import { audienceOf } from './services/audience.ts'
import { backend } from './services/backend.ts'
import { type CommandRates, commandsOver } from './services/commands.ts'
import { type ConversationService, conversationService } from './services/conversations.ts'
import { failures as countFailures } from './services/failures.ts'
import { type GroupService, groupService } from './services/groups.ts'
import { type MessageChangeService, messageChangeService } from './services/message-changes.ts'
import { type MessageService, messageService } from './services/messages.ts'
import type { Passwords } from './services/passwords.ts'
import { presenceService } from './services/presence.ts'
import { type ReceiptService, receiptService } from './services/receipts.ts'
import { type SearchService, searchService } from './services/search.ts'
import { type SessionService, sessionService } from './services/sessions.ts'
import { type Sweeper, sweeper } from './services/sweeper.ts'
import { type SyncService, syncService } from './services/sync.ts'
import { type TypingService, typingService } from './services/typing.ts'

/** What the services of one api node stand on. */
export interface ServicePorts {
  readonly users: Users
  readonly sessions: Sessions
  readonly conversations: Conversations
  readonly groups: Groups
  readonly messages: Messages
  readonly messageChanges: MessageChanges
  readonly search: MessageSearch
  readonly receipts: Receipts
  readonly sync: Sync
  readonly outbox: Outbox
  readonly bus: Pick<Bus, 'publish'>
  readonly presence: Pick<Presence, 'online' | 'everybody' | 'declare'>
  readonly visibility: Visibility
  /** The one that the ports of the database were opened for. */
  readonly presenceAudience: PresenceAudience
  readonly tokens: Tokens
  readonly passwords: Passwords
  readonly oldHashes: OldHashes
  readonly addresses: Addresses
  readonly limits: Limits
  /** The contract's own unless given. */
  readonly failureRates?: FailureRates
  /** Counted together with requests over HTTP; the contract's own unless given. */
  readonly commandRates?: CommandRates
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
  readonly groups: GroupService
  readonly messages: MessageService
  readonly messageChanges: MessageChangeService
  readonly search: SearchService
  readonly receipts: ReceiptService
  readonly sync: SyncService
  readonly typing: TypingService
  readonly announcer: Announcer
  /** For one timer of `main`, every second or so. */
  readonly sweeper: Sweeper
  /** For gateways. */
  readonly backend: Backend
}

/** Puts the services of one api node together. Starts nothing. */
export function apiServices(ports: ServicePorts): ApiServices {
  const { clock, newId, warn, commandRates = rates } = ports
  const announcer = announcing({ ...ports, clock, warn })
  const sessions = sessionService({ ...ports, announcer })
  const receipts = receiptService({ receipts: ports.receipts, announcer })
  const presence = presenceService({ ...ports, audience: audienceOf(ports), announcer })
  const messages = messageService({ ...ports, receipts, announcer, newId })
  const messageChanges = messageChangeService({ ...ports, changes: ports.messageChanges, announcer })
  const typing = typingService({ ...ports, announcer })
  const sync = syncService({ ...ports, presence })
  const groups = groupService({ ...ports, presence, announcer })
  const failures = countFailures({ ...ports, rates: ports.failureRates ?? failureRates })
  return {
    accounts: accountService({ ...ports, sessions, presence, failures }),
    sessions,
    conversations: conversationService({ ...ports, groups, presence, announcer }),
    groups,
    messages,
    messageChanges,
    search: searchService(ports),
    receipts,
    sync,
    typing,
    announcer,
    sweeper: sweeper({ ...ports, announcer }),
    backend: backend({
      ...ports,
      carryOut: commandsOver({ ...ports, messages, messageChanges, receipts, sync, typing, commandRates }),
      sessions,
      receipts,
      presence,
      isOutage
    })
  }
}

/** The ports that an open database, already migrated, stands behind. */
export type DatabasePorts = Pick<
  ServicePorts,
  | 'users'
  | 'sessions'
  | 'addresses'
  | 'visibility'
  | 'presenceAudience'
  | 'oldHashes'
  | 'conversations'
  | 'groups'
  | 'messages'
  | 'messageChanges'
  | 'search'
  | 'receipts'
  | 'sync'
  | 'outbox'
>

/** Every port of the services that is kept in the database; `presenceAudience` sees whose presence they show. */
export function databasePorts(
  { database, hot, prisma, longestWriteMs }: OpenDatabase,
  presenceAudience: PresenceAudience = 'contacts'
): DatabasePorts {
  return {
    presenceAudience,
    users: databaseUsers(database, prisma, presenceAudience),
    sessions: databaseSessions(database),
    addresses: databaseAddresses(database),
    visibility: visibilityIn(database),
    oldHashes: oldHashesIn(database),
    conversations: conversationsIn(database, presenceAudience),
    groups: groupsIn(database, presenceAudience),
    messages: messagesIn(database, hot),
    messageChanges: messageChangesIn(database),
    search: searchIn(database),
    receipts: receiptsIn(database, hot),
    sync: syncIn(database, longestWriteMs, presenceAudience),
    outbox: outboxIn(database)
  }
}
