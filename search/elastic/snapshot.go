package elastic

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/google/uuid"

	"ecoseller/search"
)

// A walk through the pages of a result reads one state of the index, whatever is written meanwhile: a point in
// time. It is opened for the second page, because most searches never ask for one, and each holds on to files. So
// the index may change between the first two pages, and with it the order; positions of the first page therefore
// remember which products were shown, and the second page shows those of the snapshot that were not.

const (
	// snapshotLife is how long a snapshot is kept after it was last read.
	snapshotLife = "2m"
	// maxSnapshots bounds how many one process opens in that time; further walks read the index as it is.
	maxSnapshots = 200
)

// snapshots counts those that were opened a short while ago.
type snapshots struct {
	mu     sync.Mutex
	opened []time.Time
}

// take says whether one more may be opened.
func (s *snapshots) take(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened = slices.DeleteFunc(s.opened, func(t time.Time) bool { return now.Sub(t) > 2*time.Minute })
	if len(s.opened) >= maxSnapshots {
		return false
	}
	s.opened = append(s.opened, now)
	return true
}

// freeze makes the place of a second page one in a snapshot, where it can: otherwise the walk goes on in the index
// as it is.
func (e *Engine) freeze(ctx context.Context, p place) place {
	if !e.snapshots.take(time.Now()) {
		return p
	}
	var opened struct{ ID string }
	request := esapi.OpenPointInTimeRequest{Index: []string{e.alias}, KeepAlive: snapshotLife}
	if err := e.client.do(ctx, request, &opened); err != nil {
		return p
	}
	return place{snapshot: opened.ID, seen: p.seen} // from the first hit on: it leaves out what was shown
}

// seenBytes is how much of an id tells it from others that the same search finds.
const seenBytes = 6

// seen are products that were shown.
type seen [][seenBytes]byte

func fingerprint(id uuid.UUID) (f [seenBytes]byte) {
	copy(f[:], id[len(id)-seenBytes:])
	return f
}

func (s seen) has(id uuid.UUID) bool { return slices.Contains(s, fingerprint(id)) }

func (s seen) without(id uuid.UUID) seen {
	return slices.DeleteFunc(slices.Clone(s), func(f [seenBytes]byte) bool { return f == fingerprint(id) })
}

// String writes them for a position.
func (s seen) String() string {
	raw := make([]byte, 0, len(s)*seenBytes)
	for _, f := range s {
		raw = append(raw, f[:]...)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// maxSeen is how many products a page has at most.
const maxSeen = 100

func readSeen(text string) (seen, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw)%seenBytes != 0 || len(raw) > maxSeen*seenBytes {
		return nil, fmt.Errorf("%w: what it has seen cannot be read", search.ErrBadPosition)
	}
	var s seen
	for part := range slices.Chunk(raw, seenBytes) {
		s = append(s, [seenBytes]byte(part))
	}
	return s, nil
}

// rememberSeen notes in the positions of a first page what was shown up to each of them.
func rememberSeen(hits []search.Hit) {
	var s seen
	for i := range hits {
		s = append(s, fingerprint(hits[i].ProductID))
		if len(s) <= maxSeen {
			hits[i].Seen = s.String()
		}
	}
}
