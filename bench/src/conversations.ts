import { migrate, openDatabase } from '@rendezvous/api'

/** Direct conversations, and one group that all their senders share. */
export interface Conversations {
  /** How many direct conversations there are, from id 1 on. Person n sends in conversation n. */
  readonly pairs: number
  /** The group of all senders. */
  readonly hot: number
}

/** Fills an empty database with conversations, in our tables and in those of the naive server. Analyzes them, as
 *  autovacuum would. */
export async function prepareConversations(url: string, pairs: number): Promise<Conversations> {
  const { database, close } = await openDatabase({ engine: 'postgresql', url })
  try {
    await migrate(database)
    await database.transaction(transaction => transaction.script(sqlOf(pairs)))
    for (const table of ANALYZED) await database.query({ name: `bench_${table}`, text: `ANALYZE ${table}` })
  } finally {
    await close()
  }
  return { pairs, hot: pairs + 1 }
}

const ANALYZED = ['person', 'session', 'conversation', 'membership', 'naive_conversation', 'naive_membership']

function sqlOf(n: number): string {
  return `
INSERT INTO person (id, username, password_hash) SELECT i, 'person' || i, '!' FROM generate_series(1, ${2 * n}) i;
INSERT INTO session (id, user_id)
  SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, i FROM generate_series(1, ${2 * n}) i;
INSERT INTO conversation (id, kind, user_low, user_high, created_by, last_seq, members_seq, member_count)
  SELECT i, 1, i, i + ${n}, i, 1, 1, 2 FROM generate_series(1, ${n}) i;
INSERT INTO conversation (id, kind, title, created_by, last_seq, members_seq, member_count)
  VALUES (${n + 1}, 2, 'everybody', 1, 1, 1, ${n});
INSERT INTO membership (conversation_id, user_id, changed_seq, visible_from_seq)
  SELECT c, u, 1, 1 FROM generate_series(1, ${n}) i, LATERAL (VALUES (i, i), (i, i + ${n}), (${n + 1}, i)) m(c, u);

CREATE TABLE naive_conversation (id bigint PRIMARY KEY, last_seq int NOT NULL);
CREATE TABLE naive_membership (conversation_id bigint REFERENCES naive_conversation, user_id int, PRIMARY KEY (conversation_id, user_id));
CREATE TABLE naive_message (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, conversation_id bigint NOT NULL REFERENCES naive_conversation, seq int NOT NULL,
  sender_id int NOT NULL, client_id uuid NOT NULL, content text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (conversation_id, seq), UNIQUE (conversation_id, sender_id, client_id));
INSERT INTO naive_conversation SELECT id, last_seq FROM conversation;
INSERT INTO naive_membership SELECT conversation_id, user_id FROM membership;`
}
