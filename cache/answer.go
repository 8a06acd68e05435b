package cache

import (
	"context"
	"sync"

	"ecoseller/telemetry"
)

// AnswerKey is the hash of everything that an answer depends on besides the catalogue.
type AnswerKey [32]byte

// Answer is a whole answer to an operation.
type Answer struct {
	Body        []byte
	ContentType string
	// Operation is what the log says of it.
	Operation telemetry.Operation
}

// KeepsAnswers says whether there is room for any.
func (c *Cache) KeepsAnswers() bool { return c.answers != nil }

// Now is the moment before an answer is made.
func (c *Cache) Now() Moment { return c.changes.Now() }

// Answer returns the kept answer. When it has changed and is being made anew by another request, it waits for that: an
// answer that many ask for is made once. The caller that has to make it calls done afterwards, which is never nil.
func (c *Cache) Answer(ctx context.Context, key AnswerKey) (answer *Answer, done func()) {
	none := func() {}
	if answer, ok := get(c, "answer", c.answers, key); ok {
		return answer, none
	}
	if _, known := c.answers.GetIfPresent(key); !known {
		return nil, none
	}
	first, finished := c.making.begin(key)
	if first {
		return nil, func() { c.making.end(key) }
	}
	select {
	case <-finished:
	case <-ctx.Done():
	}
	answer, _ = get(c, "answer", c.answers, key)
	return answer, none
}

// KeepAnswer keeps an answer that was made since the moment.
func (c *Cache) KeepAnswer(key AnswerKey, answer *Answer, since Moment, on Dependence) {
	c.answers.Set(key, &kept[*Answer]{value: answer, since: since, on: on, bytes: uint32(min(len(answer.Body), 1<<30))})
}

// makers are the answers that are being made anew.
type makers struct {
	mu      sync.Mutex
	running map[AnswerKey]chan struct{}
}

func (m *makers) begin(key AnswerKey) (first bool, finished <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if running := m.running[key]; running != nil {
		return false, running
	}
	m.running[key] = make(chan struct{})
	return true, nil
}

func (m *makers) end(key AnswerKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.running[key])
	delete(m.running, key)
}
