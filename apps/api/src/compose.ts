import { createRequire } from 'node:module'
import type { Bus, Clock, Limits, Presence } from '@rendezvous/cluster'
import { type Backend, type FailureRates, failureRates, rates } from '@rendezvous/contract'
import type { Tokens } from '@rendezvous/tokens'
import { outboxIn } from './announce/outbox/adapter.ts'
import { type Announcer, announcer as openAnnouncer, type Warn } from './announce/outbox/announcer.ts'
import type { Outbox } from './announce/outbox/port.ts'
import { type Sweeper, sweeper } from './announce/outbox/sweeper.ts'
import { personalStreamsIn } from './announce/personal/adapter.ts'
import type { PersonalStreams } from './announce/personal/port.ts'
import { personalSource } from './announce/personal/source.ts'
import { auditIn } from './audit/adapter.ts'
import type { Audit, Report } from './audit/port.ts'
import { type AuditService, auditService } from './audit/service.ts'
import { chatAnnouncer } from './chat/announcer.ts'
import { changesIn } from './chat/changes/adapter.ts'
import type { Changes } from './chat/changes/port.ts'
import { conversationSource } from './chat/changes/source.ts'
import { conversationsIn } from './chat/conversations/adapter.ts'
import type { Conversations } from './chat/conversations/port.ts'
import { type ConversationService, conversationService } from './chat/conversations/service.ts'
import { groupsIn } from './chat/groups/adapter.ts'
import type { Groups } from './chat/groups/port.ts'
import { type GroupService, groupService } from './chat/groups/service.ts'
import { messageChangesIn } from './chat/message-changes/adapter.ts'
import type { MessageChanges } from './chat/message-changes/port.ts'
import { type MessageChangeService, messageChangeService } from './chat/message-changes/service.ts'
import { messagesIn } from './chat/messages/adapter.ts'
import type { Messages } from './chat/messages/port.ts'
import { type MessageService, messageService } from './chat/messages/service.ts'
import { receiptsIn } from './chat/receipts/adapter.ts'
import type { Receipts } from './chat/receipts/port.ts'
import { type ReceiptService, receiptService } from './chat/receipts/service.ts'
import { searchIn } from './chat/search/adapter.ts'
import type { MessageSearch } from './chat/search/port.ts'
import { type SearchService, searchService } from './chat/search/service.ts'
import { syncIn } from './chat/sync/adapter.ts'
import type { Sync } from './chat/sync/port.ts'
import { type SyncService, syncService } from './chat/sync/service.ts'
import { type TypingService, typingService } from './chat/typing/service.ts'
import { wordlessMessagesIn } from './chat/words/adapter.ts'
import type { WordlessMessages } from './chat/words/port.ts'
import { type Reindexer, reindexer } from './chat/words/reindexer.ts'
import type { OpenDatabase } from './database/open.ts'
import { backend } from './gateways/backend/service.ts'
import { type CommandRates, commandsOver } from './gateways/commands/service.ts'
import { isOutage } from './kernel/outage.ts'
import { type AccountService, accountService } from './people/accounts/service.ts'
import { databaseAddresses } from './people/addresses/adapter.ts'
import type { Addresses } from './people/addresses/port.ts'
import { directoryIn } from './people/directory/adapter.ts'
import type { Directory, PeopleList } from './people/directory/port.ts'
import { type DirectoryService, directoryService } from './people/directory/service.ts'
import { unkeyedNamesIn } from './people/names/adapter.ts'
import type { UnkeyedNames } from './people/names/port.ts'
import { type NameService, nameService } from './people/names/service.ts'
import { oldHashesIn } from './people/old-hashes/adapter.ts'
import type { OldHashes } from './people/old-hashes/port.ts'
import { failureBudgets } from './people/passwords/failure-budgets.ts'
import type { Passwords } from './people/passwords/service.ts'
import { presenceAnnouncer } from './people/presence/announcer.ts'
import { audienceOf } from './people/presence/audience.ts'
import { introductions } from './people/presence/introductions.ts'
import { presenceService } from './people/presence/service.ts'
import { peopleSearchIn } from './people/search/adapter.ts'
import type { PeopleSearch } from './people/search/port.ts'
import { type PeopleSearchService, peopleSearchService } from './people/search/service.ts'
import { databaseSessions } from './people/sessions/adapter.ts'
import { sessionControlsFrom } from './people/sessions/controls.ts'
import type { Sessions } from './people/sessions/port.ts'
import { type SessionService, sessionService } from './people/sessions/service.ts'
import { databaseUsers } from './people/users/adapter.ts'
import type { Users } from './people/users/port.ts'
import { visibilityIn } from './people/visibility/adapter.ts'
import type { PresenceAudience, Visibility } from './people/visibility/port.ts'
import { type ServerService, serverService } from './server/service.ts'

/** The ports and settings of the services of one api node. */
export interface ServicePorts {
  readonly users: Users
  readonly directory: Directory
  /** What the list of people shows: nothing by default. */
  readonly peopleList?: PeopleList
  readonly unkeyedNames: UnkeyedNames
  readonly peopleSearch: PeopleSearch
  readonly sessions: Sessions
  readonly conversations: Conversations
  readonly groups: Groups
  readonly messages: Messages
  readonly messageChanges: MessageChanges
  readonly search: MessageSearch
  readonly wordless: WordlessMessages
  readonly receipts: Receipts
  readonly sync: Sync
  readonly outbox: Outbox
  readonly changes: Changes
  readonly personalStreams: PersonalStreams
  readonly bus: Pick<Bus, 'publish'>
  readonly presence: Pick<Presence, 'online' | 'everybody' | 'declare'>
  readonly visibility: Visibility
  /** The same value that the database ports were made with. */
  readonly presenceAudience: PresenceAudience
  readonly tokens: Tokens
  readonly passwords: Passwords
  readonly oldHashes: OldHashes
  readonly addresses: Addresses
  readonly limits: Limits
  /** The contract's rates by default. */
  readonly failureRates?: FailureRates
  /** Commands and HTTP requests share these budgets. The contract's rates by default. */
  readonly commandRates?: CommandRates
  readonly refreshTtlMs: number
  readonly audit: Audit
  /** How long the audit keeps events. 90 days by default. */
  readonly auditRetentionMs?: number
  /** Receives each event of the audit after it is stored. Ignores them by default. */
  readonly report?: Report
  /** Milliseconds since 1970. */
  readonly clock: Clock
  /** A new uuid. */
  readonly newId: () => string
  /** Receives errors that fail no request. */
  readonly warn: Warn
}

/** The services of one api node. */
export interface ApiServices {
  readonly accounts: AccountService
  readonly directory: DirectoryService
  readonly peopleSearch: PeopleSearchService
  readonly server: ServerService
  readonly sessions: SessionService
  readonly audit: AuditService
  readonly names: NameService
  readonly conversations: ConversationService
  readonly groups: GroupService
  readonly messages: MessageService
  readonly messageChanges: MessageChangeService
  readonly search: SearchService
  readonly receipts: ReceiptService
  readonly sync: SyncService
  readonly typing: TypingService
  readonly announcer: Announcer
  /** The worker runs it about every second. */
  readonly sweeper: Sweeper
  /** As the sweeper. */
  readonly reindexer: Reindexer
  /** The contract that gateways call. */
  readonly backend: Backend
}

const { version: VERSION } = createRequire(import.meta.url)('../package.json') as { readonly version: string }
const AUDIT_RETENTION_MS = 90 * 86_400_000

/** Builds the services of one api node. Starts nothing. */
export function apiServices(given: ServicePorts): ApiServices {
  const ports = { report() {}, auditRetentionMs: AUDIT_RETENTION_MS, ...given }
  const { clock, newId, commandRates = rates, peopleList = 'off' } = ports
  const announcer = openAnnouncer(ports)
  const chat = chatAnnouncer({ announcer, introductions: introductions(ports), clock })
  const sessions = sessionService({ ...ports, announcer })
  const receipts = receiptService({ receipts: ports.receipts, announcer: chat })
  const presence = presenceService({
    ...ports,
    audience: audienceOf(ports),
    announcer: presenceAnnouncer(announcer, clock)
  })
  const messages = messageService({ ...ports, receipts, announcer: chat, newId })
  const messageChanges = messageChangeService({ ...ports, changes: ports.messageChanges, announcer: chat })
  const typing = typingService({ ...ports, announcer: chat })
  const sync = syncService({ ...ports, presence })
  const groups = groupService({ ...ports, presence, announcer: chat })
  const audit = auditService(ports)
  const failures = failureBudgets({ ...ports, rates: ports.failureRates ?? failureRates })
  return {
    accounts: accountService({ ...ports, sessions, presence, failures, audit, peopleList }),
    directory: directoryService({ ...ports, peopleList }),
    peopleSearch: peopleSearchService({ ...ports, presence }),
    server: serverService({ version: VERSION, listsPeople: peopleList !== 'off' }),
    sessions,
    audit,
    names: nameService(ports),
    conversations: conversationService({ ...ports, groups, messages, presence, announcer: chat }),
    groups,
    messages,
    messageChanges,
    search: searchService(ports),
    receipts,
    sync,
    typing,
    announcer,
    sweeper: sweeper({
      ...ports,
      sources: [
        conversationSource(ports.changes, chat.introduce),
        personalSource(ports.personalStreams, [sessionControlsFrom(ports.sessions)])
      ]
    }),
    reindexer: reindexer(ports.wordless),
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

/** The ports that a migrated database implements. */
export type DatabasePorts = Pick<
  ServicePorts,
  | 'users'
  | 'directory'
  | 'unkeyedNames'
  | 'peopleSearch'
  | 'sessions'
  | 'addresses'
  | 'visibility'
  | 'presenceAudience'
  | 'oldHashes'
  | 'audit'
  | 'conversations'
  | 'groups'
  | 'messages'
  | 'messageChanges'
  | 'search'
  | 'wordless'
  | 'receipts'
  | 'sync'
  | 'outbox'
  | 'changes'
  | 'personalStreams'
>

/** Every database port of the services. Users see the presence of `presenceAudience`. */
export function databasePorts(
  { database, hot, prisma, longestWriteMs }: OpenDatabase,
  presenceAudience: PresenceAudience = 'contacts'
): DatabasePorts {
  return {
    presenceAudience,
    directory: directoryIn(database),
    users: databaseUsers(database, prisma, presenceAudience),
    unkeyedNames: unkeyedNamesIn(database),
    peopleSearch: peopleSearchIn(database, presenceAudience),
    sessions: databaseSessions(database),
    addresses: databaseAddresses(database),
    visibility: visibilityIn(database),
    oldHashes: oldHashesIn(database),
    audit: auditIn(database),
    conversations: conversationsIn(database, presenceAudience),
    groups: groupsIn(database, presenceAudience),
    messages: messagesIn(database, hot),
    messageChanges: messageChangesIn(database),
    search: searchIn(database),
    wordless: wordlessMessagesIn(database),
    receipts: receiptsIn(database, hot),
    sync: syncIn(database, longestWriteMs, presenceAudience),
    outbox: outboxIn(database),
    changes: changesIn(database),
    personalStreams: personalStreamsIn(database)
  }
}
