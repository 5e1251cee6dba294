-- What waits is counted by its lane, with since when it waits and when it is due, from an index alone.
CREATE INDEX record_waiting ON record (lane, pending_since, due_at)
    WHERE state = 'pending' AND mass <> 2;
CREATE INDEX contacts_waiting ON contacts (lane, pending_since, due_at)
    WHERE state = 'pending' AND mass <> 2 AND NOT given_up;
