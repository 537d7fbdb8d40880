/** Every bound of the product that a client can meet, by name. Times in milliseconds, sizes in bytes unless said. */
export const limits = Object.freeze({
  /** Largest HTTP request body; above it 413. */
  bodyBytes: 64 * 1024,
  /** Largest WebSocket frame from a client; above it the socket closes with 1009. */
  frameBytes: 64 * 1024,
  /** Fragments of one such frame; above it the socket closes with 1008. */
  frameFragments: 128,
  /** Deepest nesting of a JSON body or frame. */
  jsonDepth: 32,
  /** Longest text of a message, in characters (Unicode code points). */
  messageCharacters: 4_000,
  /** Longest list of ids a request may carry. */
  idsPerRequest: 100,
  /** Entries of a list when the client names no page size, and the most it can name. */
  pageSize: 200,
  pageSizeMax: 500,
  /** Longest opaque cursor, in characters. */
  cursorCharacters: 512,
  /** Shortest and longest password, in characters; what is longer is refused before it is hashed. */
  passwordMin: 8,
  passwordMax: 1_024,
  /** Passwords that wait on one node to be hashed or checked, and those of one address among them; above either 429. */
  passwordsWaiting: 200,
  passwordsWaitingOfAddress: 100,
  /** Longest user name, as Django's. */
  usernameCharacters: 150,
  emailCharacters: 254,
  nameCharacters: 150,
  bioCharacters: 2_000,
  shortTextCharacters: 120,
  /** Longest access or refresh token that is looked at, in characters. */
  tokenCharacters: 4_096,
  /** How long a ticket for the socket lives. */
  ticketMs: 30_000,
  /** Longest `ref` of a socket command, in characters. */
  refCharacters: 64,
  /** Commands of one socket that may wait for their answer; the next is refused with `too_many_commands`. */
  commandsInFlight: 64,
  /** Malformed frames after which a socket is closed. */
  badFrames: 3,
  /** Presence contacts of one person that a snapshot or an update reaches. */
  presenceContacts: 500,
  /** People who are online and hear of one another where everybody does (`PRESENCE_AUDIENCE=everyone`). */
  presenceEveryone: 2_000,
  /** Unread messages are counted up to here, and looked for among so many of the last changes of a conversation. */
  unreadCount: 1_000,
  unreadChanges: 5_000,
  /** Receipts told one by one when a watermark moves, and for all that waited when a person connects (then of each conversation one at least);
   *  older ones are covered by the watermark. */
  receiptsPerAdvance: 1_000,
  receiptsOnConnect: 1_000,
  /** Conversations of a person, the last changed ones, in which waiting messages count as delivered when he connects, and a message is found by its
   *  id alone. */
  recentConversations: 200,
  /** Members of a group, and how many of them a conversation shows with itself. */
  groupMembers: 10_000,
  shownMembers: 50,
  /** Groups that one person can be in. */
  roomsPerPerson: 1_000,
  /** Conversations of more members tell nobody how far others have read. */
  receiptMembers: 32,
  /** Conversations of more members tell nobody who types; and how long typing lasts unless told again. */
  typingMembers: 100,
  typingMs: 6_000,
  /** Members that one message can mention. */
  mentions: 50,
  /** Longest reaction in characters, and different ones at one message. */
  emojiCharacters: 32,
  reactionKinds: 20,
  /** Pinned messages of one conversation. */
  pins: 100,
  /** Earlier texts of one message that are kept: the first, and the newest. */
  edits: 100,
  /** Streams one sync may ask about; changes it answers at most, and conversations that changed. */
  syncRanges: 50,
  syncEntries: 500,
  syncConversations: 200,
  /** What a sync answers of either ends where it would be longer than this in JSON; one conversation and one change always fit. */
  syncBytes: 256 * 1024,
  /** A `since` older than this starts afresh. */
  syncAgeMs: 90 * 86_400_000,
  /** A client that lies further behind in a stream than so many changes starts afresh. */
  syncBehind: 10_000,
  /** Events of a personal stream that are kept, the newest; who is further behind starts afresh. */
  personalEvents: 1_000,
  /** Longest search, in characters. */
  searchCharacters: 200,
  /** Shortest beginning of a word that a search finds it by, in characters. */
  searchPrefix: 3,
  /** Most commands or reports in one call from a gateway to an api node. */
  backendBatch: 50,
  /** People that one question of `Backend.rooms` asks about. */
  roomQuestion: 1_000,
  /** Conversations that one person is told to resync by name after an interruption; when they are more, all. */
  missedConversations: 50
})
