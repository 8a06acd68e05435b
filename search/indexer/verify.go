package indexer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/store"
)

const (
	// versionsPage is how many versions are compared at a time.
	versionsPage = 5000
	// settleTime is how long a difference may be one of changes that are just being indexed.
	settleTime = time.Second
	// settleTries is how often it is looked at again.
	settleTries = 3
)

// Differences are how one engine's documents differ from the products.
type Differences struct {
	Engine search.EngineName
	// Compared counts the products.
	Compared int
	// Missing products have no document.
	Missing []uuid.UUID
	// Stale documents have another version than their product.
	Stale []uuid.UUID
	// Surplus documents have no product.
	Surplus []models.IndexVersion
	// newest is the newest version of a stale document that is newer than its product; 0 when there is none.
	newest int64
}

// Any says whether there are differences.
func (d *Differences) Any() bool { return len(d.Missing)+len(d.Stale)+len(d.Surplus) > 0 }

// Verify compares the versions of all products with those of the documents in each engine, and repairs what differs
// unless told not to. What is just being indexed is no difference.
func (x *Indexer) Verify(ctx context.Context, repair bool) ([]*Differences, error) {
	var found []*Differences
	for _, engine := range x.engines {
		d, err := x.verify(ctx, engine, repair)
		if err != nil {
			return found, fmt.Errorf("verify %s: %w", engine.Name(), err)
		}
		found = append(found, d)
	}
	return found, nil
}

func (x *Indexer) verify(ctx context.Context, engine search.Engine, repair bool) (*Differences, error) {
	d, err := x.compare(ctx, engine)
	for try := 0; err == nil && d.Any() && try < settleTries; try++ {
		if err = wait(ctx, settleTime); err == nil {
			err = x.lookAgain(ctx, engine, d)
		}
	}
	if err != nil || !repair || !d.Any() {
		return d, err
	}
	return d, x.repair(ctx, engine, d)
}

// compare walks through products and documents side by side, both in the order of ids.
func (x *Indexer) compare(ctx context.Context, engine search.Engine) (*Differences, error) {
	d := &Differences{Engine: engine.Name()}
	products := pages{read: x.store.IndexVersionsAfter}
	documents := pages{read: engine.Versions}
	for {
		product, err := products.peek(ctx)
		if err != nil {
			return nil, err
		}
		document, err := documents.peek(ctx)
		if err != nil {
			return nil, err
		}
		if product == nil && document == nil {
			return d, nil
		}
		order := orderOf(product, document)
		if order <= 0 {
			d.Compared++
			products.next++
		}
		if order >= 0 {
			documents.next++
		}
		d.note(product, document, order)
	}
}

func (d *Differences) note(product, document *models.IndexVersion, order int) {
	switch {
	case order < 0:
		d.Missing = append(d.Missing, product.ProductID)
	case order > 0:
		d.Surplus = append(d.Surplus, *document)
	case product.Version != document.Version:
		d.Stale = append(d.Stale, product.ProductID)
		if document.Version > product.Version {
			d.newest = max(d.newest, document.Version)
		}
	}
}

// orderOf says which comes first; what there is none of comes last.
func orderOf(a, b *models.IndexVersion) int {
	switch {
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return slices.Compare(a.ProductID[:], b.ProductID[:])
}

// pages reads versions page by page.
type pages struct {
	read func(ctx context.Context, after uuid.UUID, limit int) ([]models.IndexVersion, error)
	page []models.IndexVersion
	next int
	last bool
}

// peek returns the present version; nil behind the last one.
func (p *pages) peek(ctx context.Context) (*models.IndexVersion, error) {
	if p.next == len(p.page) && !p.last {
		var after uuid.UUID
		if len(p.page) > 0 {
			after = p.page[len(p.page)-1].ProductID
		}
		page, err := p.read(ctx, after, versionsPage)
		if err != nil {
			return nil, err
		}
		p.page, p.next, p.last = page, 0, len(page) < versionsPage
	}
	if p.next == len(p.page) {
		return nil, nil //nolint:nilnil // there is no more
	}
	return &p.page[p.next], nil
}

// lookAgain keeps the differences that are still there.
func (x *Indexer) lookAgain(ctx context.Context, engine search.Engine, d *Differences) error {
	now, err := x.compare(ctx, engine)
	if err != nil {
		return err
	}
	before := map[uuid.UUID]bool{}
	for _, id := range slices.Concat(d.Missing, d.Stale) {
		before[id] = true
	}
	for _, s := range d.Surplus {
		before[s.ProductID] = true
	}
	isNew := func(id uuid.UUID) bool { return !before[id] }
	d.Missing = slices.DeleteFunc(now.Missing, isNew)
	d.Stale = slices.DeleteFunc(now.Stale, isNew)
	d.Surplus = slices.DeleteFunc(now.Surplus, func(s models.IndexVersion) bool { return isNew(s.ProductID) })
	d.Compared, d.newest = now.Compared, now.newest
	return nil
}

// repair writes what differs into the engine. Documents that are newer than their products, as after a restore of an
// older backup, would ignore that: their products get newer versions first.
func (x *Indexer) repair(ctx context.Context, engine search.Engine, d *Differences) error {
	targets := []search.Engine{engine}
	if d.newest > 0 {
		if err := x.store.LiftIndexVersions(ctx, d.Stale, d.newest); err != nil {
			return err
		}
		targets = x.engines // the lifted versions are new to all of them
	}
	for batch := range slices.Chunk(slices.Concat(d.Missing, d.Stale), batchSize) {
		documents, deleted, err := x.present(ctx, batch)
		if err != nil {
			return err
		}
		for _, target := range targets {
			if err := write(ctx, target, documents, deleted); err != nil {
				return err
			}
		}
	}
	for batch := range slices.Chunk(d.Surplus, batchSize) {
		if err := engine.Delete(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// Rollback lets the index before take the place of the present one, at once, and then brings it up to date. It
// returns what that index did not know. The error wraps search.ErrNoPrevious when there is none to go back to.
func (x *Indexer) Rollback(ctx context.Context) (found []*Differences, err error) {
	err = x.store.Exclusively(ctx, store.LockRebuild, func(ctx context.Context) error {
		for _, engine := range x.engines {
			keeper, ok := engine.(search.Keeper)
			if !ok {
				continue
			}
			if err := keeper.Rollback(ctx); err != nil {
				return err
			}
			// Only now: what is changed from here on goes into the right index, and the comparison finds all the rest.
			d, err := x.compare(ctx, engine)
			if err != nil {
				return err
			}
			found = append(found, d)
			if err := x.repair(ctx, engine, d); err != nil {
				return err
			}
		}
		if len(found) == 0 {
			return fmt.Errorf("%w: no engine keeps one", search.ErrNoPrevious)
		}
		return nil
	})
	if err != nil {
		return found, fmt.Errorf("roll back search index: %w", err)
	}
	return found, nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait: %w", ctx.Err())
	case <-time.After(d):
		return nil
	}
}
