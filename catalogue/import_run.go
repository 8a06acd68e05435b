package catalogue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"ecoseller/models"
	"ecoseller/store"
)

const (
	// batchSize is how many products are written in one transaction.
	batchSize = 500
	// maxBatchBytes is how long their texts may be together, except that a batch has at least one product.
	maxBatchBytes = 2 << 20
	// referenceBatchSize is the same for what products refer to.
	referenceBatchSize = 2000
	// batchesAtOnce is how many batches of products are written beside each other.
	batchesAtOnce = 3
)

// importRun is one import on its way: lines are read and checked in their order, and gathered in batches. Batches of
// products are written beside each other, and what comes of them is what had come of them one after the other:
//
//   - Batches that name the same product, variant or address are written in the order of the file.
//   - A batch that is more than products, and one that is refused in part, depends on the batches before it. It is
//     rolled back, and written anew alone, after them.
type importRun struct {
	store *store.Store
	media models.MediaAddresses

	// Lines wait for being written together: either products or reference data of one kind. Keys are what a
	// batch may have only once, and size how long the products' texts are.
	batch      []numbered
	references []*referenceItem
	keys       map[string]bool
	size       int

	// underWay are the batches that are being written, tasks who writes them. Who is alone holds the lock alone.
	underWay []*batchUnderWay
	tasks    *errgroup.Group
	alone    sync.RWMutex

	// mutex guards what follows.
	mutex  sync.Mutex
	report Report
	refuse func(Refusal)
}

// numbered is a product with its line.
type numbered struct {
	line int
	*record
}

// batchUnderWay is a batch of products from when it is complete until it is written.
type batchUnderWay struct {
	lines []numbered
	keys  map[string]bool
	// before are closed when the batches are written that were under way when this one was complete. They are not the
	// batches themselves: each would keep all before it in memory.
	before []<-chan struct{}
	// done is closed when the batch is written.
	done chan struct{}
}

// newImportRun returns a run, with a context that ends when a batch cannot be written.
func newImportRun(ctx context.Context, i *Importer, refuse func(Refusal)) (*importRun, context.Context) {
	tasks, ctx := errgroup.WithContext(ctx)
	tasks.SetLimit(batchesAtOnce)
	return &importRun{store: i.store, media: i.media, refuse: refuse, tasks: tasks}, ctx
}

// addRecord adds a product to the batch.
func (r *importRun) addRecord(ctx context.Context, number int, parsed *record) error {
	// A batch has each product and each sku once, so that a later line wins over an earlier one.
	identities, size := parsed.identities(), parsed.size()
	repeated := slices.ContainsFunc(identities, func(key string) bool { return r.keys[key] })
	full := len(r.batch) >= batchSize || len(r.batch) > 0 && r.size+size > maxBatchBytes
	if repeated || full || len(r.references) > 0 {
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	if r.keys == nil {
		r.keys = map[string]bool{}
	}
	for _, key := range append(identities, parsed.addresses()...) {
		r.keys[key] = true
	}
	r.size += size
	r.batch = append(r.batch, numbered{number, parsed})
	return nil
}

// identities are what the record knows its product by. No sku has a space.
func (r *record) identities() []string {
	var keys []string
	for _, v := range r.Variants {
		keys = append(keys, v.SKU)
	}
	if r.ID != nil {
		keys = append(keys, "id "+r.id.String())
	}
	return keys
}

// addresses are the slugs that the record asks for.
func (r *record) addresses() []string {
	var keys []string
	for language, slug := range r.Slug {
		keys = append(keys, "slug "+language+" "+slug)
	}
	return keys
}

// size is how many bytes the texts have that may be long.
func (r *record) size() int {
	size := 0
	for _, texts := range r.texts() {
		for _, text := range texts {
			size += len(text)
		}
	}
	for _, v := range r.Variants {
		for _, a := range v.Attributes {
			size += len(a.text)
		}
	}
	return size
}

func (r *importRun) reject(line int, reason string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.report.Refused++
	r.refuse(Refusal{Line: line, Reason: reason})
}

// flush has what was gathered written: reference data at once, products some time until wait returns.
func (r *importRun) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if len(r.references) > 0 {
		r.await(func(*batchUnderWay) bool { return true })
		if err := r.flushReferences(ctx); err != nil {
			return err
		}
	}
	batch := &batchUnderWay{lines: r.batch, keys: r.keys, done: make(chan struct{})}
	r.batch, r.keys, r.size = nil, nil, 0
	if len(batch.lines) == 0 {
		return nil
	}
	r.await(batch.sharesKeys)
	for _, earlier := range r.underWay {
		batch.before = append(batch.before, earlier.done)
	}
	r.underWay = append(r.underWay, batch)
	r.tasks.Go(func() error {
		defer close(batch.done)
		return r.write(ctx, batch)
	})
	return nil
}

// sharesKeys says whether another batch names what this one names.
func (b *batchUnderWay) sharesKeys(other *batchUnderWay) bool {
	for key := range b.keys {
		if other.keys[key] {
			return true
		}
	}
	return false
}

// await waits for the batches under way that it is true of, and forgets what has been written.
func (r *importRun) await(isTrue func(*batchUnderWay) bool) {
	r.underWay = slices.DeleteFunc(r.underWay, func(batch *batchUnderWay) bool {
		if isTrue(batch) {
			<-batch.done
			return true
		}
		select {
		case <-batch.done:
			return true
		default:
			return false
		}
	})
}

// wait returns when everything is written, with what kept a batch from being.
func (r *importRun) wait() error {
	return r.tasks.Wait() //nolint:wrapcheck // it is from write
}

func (r *importRun) flushReferences(ctx context.Context) error {
	batch := r.references
	r.references, r.keys = nil, nil
	return writeOrFindRefused(batch,
		func(batch []*referenceItem) error { return r.writeReferences(ctx, batch) },
		func(item *referenceItem, reason string) { r.reject(item.number, reason) })
}

// writeOrFindRefused writes a batch. When the database refuses it because of a line, the lines are written one by one, to
// find which.
func writeOrFindRefused[T any](batch []T, write func(batch []T) error, refuse func(item T, reason string)) error {
	err := write(batch)
	if !store.IsBadData(err) {
		return err
	}
	for _, item := range batch {
		err := write([]T{item})
		if store.IsBadData(err) {
			refuse(item, store.Reason(err))
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *importRun) writeReferences(ctx context.Context, batch []*referenceItem) error {
	refusals, err := writeReferences(ctx, r.store, batch)
	if err != nil {
		return err
	}
	for _, refusal := range refusals {
		r.reject(refusal.Line, refusal.Reason)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.report.References += len(batch) - len(refusals)
	return nil
}

// errDependent is that what becomes of a batch depends on those before it.
var errDependent = errors.New("batch depends on others")

// write writes a batch of products beside others, or alone when it depends on them.
func (r *importRun) write(ctx context.Context, batch *batchUnderWay) error {
	r.alone.RLock()
	err := r.writeLines(ctx, batch.lines, (*builder).independent)
	r.alone.RUnlock()
	if !errors.Is(err, errDependent) && !store.IsBadData(err) && !store.IsDeadlock(err) {
		return err
	}
	for _, written := range batch.before {
		<-written
	}
	r.alone.Lock()
	defer r.alone.Unlock()
	return writeOrFindRefused(batch.lines,
		func(lines []numbered) error { return r.writeLines(ctx, lines, nil) },
		func(item numbered, reason string) { r.reject(item.line, reason) })
}

// writeLines writes products in one transaction, if the condition holds of what is to be written.
func (r *importRun) writeLines(ctx context.Context, lines []numbered, condition func(*builder) bool) error {
	b := builder{}
	err := r.store.InTx(ctx, func(ctx context.Context, tx *store.Store) error {
		b = builder{media: r.media}
		if err := b.build(ctx, tx, lines); err != nil {
			return err
		}
		if condition != nil && !condition(&b) {
			return errDependent
		}
		return tx.ImportProducts(ctx, &b.rows)
	})
	if err != nil {
		return fmt.Errorf("import lines %d to %d: %w", lines[0].line, lines[len(lines)-1].line, err)
	}
	for _, refusal := range b.refusals {
		r.reject(refusal.Line, refusal.Reason)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.report.Imported += len(b.rows.Products)
	r.report.Created += b.created
	return nil
}
