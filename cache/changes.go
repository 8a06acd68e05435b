// Package cache keeps what was read of the catalogue, and gives it again until a change of the catalogue has been
// committed that it depends on. It hears of changes from PostgreSQL, and keeps nothing while it cannot hear.
package cache

import (
	"sync"

	"github.com/google/uuid"

	"ecoseller/store"
)

// maxChangedProducts bounds the memory for single products; when it is used up, all are taken for changed.
const maxChangedProducts = 100_000

// Moment is a point in the order of the changes that were heard. What is read after Now depends on no change before it.
type Moment uint64

// Dependence is what something was made of. Everything depends on what products refer to.
type Dependence struct {
	// Product is the only product; the nil id stands for any number of them.
	Product uuid.UUID
}

// Changes knows what has changed when.
type Changes struct {
	mu        sync.RWMutex
	listening bool
	now       Moment
	// products has the last change of each product since allProducts, when all of them were taken for changed.
	products                           map[uuid.UUID]Moment
	anyProduct, allProducts, reference Moment
}

// NewChanges returns Changes that hears nothing yet.
func NewChanges() *Changes { return &Changes{products: map[uuid.UUID]Moment{}} }

// Now is the moment to be taken before something is read that is to be kept.
func (c *Changes) Now() Moment {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.now
}

// Hears says whether every change is heard.
func (c *Changes) Hears() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.listening
}

// Unchanged says whether nothing has changed since the moment that something depends on, as far as is known: what was
// read then may still be given.
func (c *Changes) Unchanged(since Moment, on Dependence) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if !c.listening || c.reference > since || c.allProducts > since {
		return false
	}
	if on.Product == uuid.Nil {
		return c.anyProduct <= since
	}
	return c.products[on.Product] <= since
}

// Listening takes everything for changed that was read before.
func (c *Changes) Listening() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listening {
		return
	}
	c.listening = true
	c.now++
	c.changeAllProducts()
}

// Deaf takes everything for changed until Listening.
func (c *Changes) Deaf() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listening = false
}

// Heard notes a change.
func (c *Changes) Heard(change store.CatalogueChange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now++
	if change.Reference {
		c.reference = c.now
	}
	if change.AllProducts || len(c.products)+len(change.Products) > maxChangedProducts {
		c.changeAllProducts()
		return
	}
	for _, id := range change.Products {
		c.products[id], c.anyProduct = c.now, c.now
	}
}

func (c *Changes) changeAllProducts() {
	c.anyProduct, c.allProducts = c.now, c.now
	clear(c.products)
}
