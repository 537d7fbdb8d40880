/** Every bound that a client can reach, by name. Times are in milliseconds, sizes in bytes unless stated. */
export const limits = Object.freeze({
  /** Largest HTTP request body. Larger ones are answered with 413. */
  bodyBytes: 64 * 1024,
  /** Largest WebSocket frame from a client. A larger one closes the socket with 1009. */
  frameBytes: 64 * 1024,
  /** Most fragments of one such frame. More of them close the socket with 1008. */
  frameFragments: 128,
  /** Largest answer to a refused request or command. The first invalid fields are told, as many as fit. */
  errorBytes: 4 * 1024,
  /** Most members of a command frame, and of each object in it. Commands have a dozen. */
  frameMembers: 32,
  /** Deepest nesting of a JSON body or frame. */
  jsonDepth: 32,
  /** Longest text of a message, in characters (Unicode code points). */
  messageCharacters: 4_000,
  /** Longest list of ids in a request. */
  idsPerRequest: 100,
  /** Entries of a page when the client names no size, and the largest size it can name. */
  pageSize: 200,
  pageSizeMax: 500,
  /** Longest opaque cursor, in characters. */
  cursorCharacters: 512,
  /** Shortest and longest password, in characters. A longer one is refused before it is hashed. */
  passwordMin: 8,
  passwordMax: 1_024,
  /** Passwords that wait on one node to be hashed or checked: of all addresses, and of one. Above either: 429. */
  passwordsWaiting: 200,
  passwordsWaitingOfAddress: 100,
  /** Longest user name, as Django's. */
  usernameCharacters: 150,
  emailCharacters: 254,
  nameCharacters: 150,
  /** Shortest search for people, and the largest page of them. Small pages make it slow to copy the list of users. */
  peopleSearchMin: 2,
  peopleSearchPage: 50,
  bioCharacters: 2_000,
  shortTextCharacters: 120,
  /** Longest access or refresh token, in characters. Longer ones are invalid. */
  tokenCharacters: 4_096,
  /** Lifetime of a socket ticket. */
  ticketMs: 30_000,
  /** Longest `ref` of a socket command, in characters. */
  refCharacters: 64,
  /** Unanswered commands of one socket. The next one is refused with `too_many_commands`. */
  commandsInFlight: 64,
  /** Malformed frames of one socket; the last of them closes it with 4502. */
  badFrames: 3,
  /** Presence contacts of one user that a snapshot lists and an update reaches. */
  presenceContacts: 500,
  /** Users online at once who see each other's presence with `PRESENCE_AUDIENCE=everyone`. */
  presenceEveryone: 2_000,
  /** Highest unread count, and how many of a conversation's last changes are searched for unread messages. */
  unreadCount: 1_000,
  unreadChanges: 5_000,
  /** Receipts sent one by one when a watermark moves, and when a user connects (at least one a conversation).
   *  Receipts of older messages are implied by the watermark. */
  receiptsPerAdvance: 1_000,
  receiptsOnConnect: 1_000,
  /** A user's most recently active conversations in which messages count as delivered when a legacy client connects,
   *  and in which a message is found by its id alone. */
  recentConversations: 200,
  /** Members of a group, and how many of them a conversation lists as participants. */
  groupMembers: 10_000,
  shownMembers: 50,
  /** Groups of which one user can be a member. */
  roomsPerPerson: 1_000,
  /** Members of a conversation up to which receipts exist. Above it no delivered watermark is stored. */
  receiptMembers: 32,
  /** Members of a conversation up to which typing is announced, and how long typing lasts unless repeated. */
  typingMembers: 100,
  typingMs: 6_000,
  /** Members mentioned in one message. */
  mentions: 50,
  /** Longest reaction, in characters, and different reactions to one message. */
  emojiCharacters: 32,
  reactionKinds: 20,
  /** Pinned messages of one conversation. */
  pins: 100,
  /** Earlier texts kept of one message: the first one and the newest ones. */
  edits: 100,
  /** Streams in one sync request; changes, and changed conversations, in one answer. */
  syncRanges: 50,
  syncEntries: 500,
  syncConversations: 200,
  /** JSON size at which the changes, or the conversations, of one sync answer end. It always holds at least one. */
  syncBytes: 256 * 1024,
  /** Age above which a `since` is answered with `restart`. */
  syncAgeMs: 90 * 86_400_000,
  /** Changes by which a client may be behind in a stream. One that is further behind is answered with `restart`. */
  syncBehind: 10_000,
  /** Newest events kept of a personal stream. A client that is further behind is answered with `restart`. */
  personalEvents: 1_000,
  /** Longest search text, in characters. */
  searchCharacters: 200,
  /** Shortest prefix by which a search finds a word, in characters. */
  searchPrefix: 3,
  /** Most commands or reports in one call from a gateway to an api node. */
  backendBatch: 50,
  /** Most users in one report of `Backend.seen`. */
  seenUsers: 1_000,
  /** Most users in one question of `Backend.rooms`. */
  roomQuestion: 1_000,
  /** Conversations named in `resync` events to one user after an interruption. If there are more, one event names
   *  all. */
  missedConversations: 50
})
