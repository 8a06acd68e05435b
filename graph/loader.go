package graph

import (
	"context"
	"sync"
)

// Loader reads what many fields ask for one by one, group by group: the first field that asks for a key has
// all keys of its group read, and the others wait for that. Groups are known before the fields run, because
// the rows of a list come together. So one list costs one statement, however its fields are scheduled; a
// loader that collects keys for a while cannot promise that.
type Loader[K comparable, V any] struct {
	fetch    func(ctx context.Context, keys []K) (map[K]V, error)
	siblings func(key K) []K

	mu      sync.Mutex
	batches map[K]*batch[K, V]
	// known has what was read without the loader.
	known map[K]V
}

type batch[K comparable, V any] struct {
	done   chan struct{}
	values map[K]V
	err    error
}

// NewLoader returns a loader over a batch read. siblings returns the group of a key.
func NewLoader[K comparable, V any](siblings func(key K) []K, fetch func(ctx context.Context, keys []K) (map[K]V, error)) *Loader[K, V] {
	return &Loader[K, V]{fetch: fetch, siblings: siblings}
}

// Load returns the value of the key, or the zero value when the read did not return the key.
func (l *Loader[K, V]) Load(ctx context.Context, key K) (V, error) {
	known, b, keys := l.join(key)
	if b == nil {
		return known, nil
	}
	if keys != nil {
		b.run(ctx, l.fetch, keys)
	}
	select {
	case <-b.done:
		return b.values[key], b.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// Know tells the loader the values of keys that were read already. What it was told before, or has read, stays.
func (l *Loader[K, V]) Know(values map[K]V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = values
		return
	}
	for key, value := range values {
		if _, ok := l.known[key]; !ok {
			l.known[key] = value
		}
	}
}

// join returns the value if it is known, or else the batch that reads the key. The keys are not nil when the caller has
// to run it.
func (l *Loader[K, V]) join(key K) (known V, b *batch[K, V], keys []K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.batches[key]; b != nil {
		return known, b, nil
	}
	if known, ok := l.known[key]; ok {
		return known, nil, nil
	}
	b = &batch[K, V]{done: make(chan struct{})}
	keys = []K{key}
	l.put(key, b)
	for _, sibling := range l.siblings(key) {
		if _, ok := l.known[sibling]; !ok && l.batches[sibling] == nil {
			l.put(sibling, b)
			keys = append(keys, sibling)
		}
	}
	return known, b, keys
}

func (l *Loader[K, V]) put(key K, b *batch[K, V]) {
	if l.batches == nil {
		l.batches = map[K]*batch[K, V]{}
	}
	l.batches[key] = b
}

func (b *batch[K, V]) run(ctx context.Context, fetch func(context.Context, []K) (map[K]V, error), keys []K) {
	defer close(b.done) // also when the read panics: the others must not wait for ever
	b.values, b.err = fetch(ctx, keys)
}

// groups remembers which keys came in one list.
type groups[K comparable] struct {
	mu    sync.Mutex
	lists [][]K
	of    map[K][]K
}

// add makes the keys a group, except those that have one already.
func (g *groups[K]) add(keys []K) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lists = append(g.lists, keys)
}

// siblings returns the key's group; none for a key that came alone.
func (g *groups[K]) siblings(key K) []K {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, keys := range g.lists {
		g.group(keys)
	}
	g.lists = nil
	return g.of[key]
}

// group is left for when somebody asks: most of what is added is known, and nobody does.
func (g *groups[K]) group(keys []K) {
	if g.of == nil {
		g.of = map[K][]K{}
	}
	var fresh []K
	seen := map[K]bool{}
	for _, key := range keys {
		if g.of[key] == nil && !seen[key] {
			fresh = append(fresh, key)
		}
		seen[key] = true
	}
	for _, key := range fresh {
		g.of[key] = fresh
	}
}
