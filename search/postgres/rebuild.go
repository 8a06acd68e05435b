package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"ecoseller/models"
	"ecoseller/search"
	"ecoseller/store"
)

// Rebuild renews all rows in place: each product's rows change in one statement, so a search always sees
// either the old or the new ones.
func (e *Engine) Rebuild(ctx context.Context) (search.Rebuild, error) {
	began, err := e.store.SearchWordsSince(ctx)
	if err != nil {
		return nil, err
	}
	return &rebuild{engine: e, vocabulary: newVocabulary(), began: began}, nil
}

type rebuild struct {
	engine     *Engine
	vocabulary *vocabulary
	// began is when, by the database's clock: words that came in later are kept.
	began time.Time
}

// Add writes the documents' rows; those that are right already are not touched.
func (r *rebuild) Add(ctx context.Context, documents []*search.Document) error {
	return r.engine.index(ctx, documents, r.vocabulary)
}

// Delete removes the products' rows, which have gone with the products.
func (r *rebuild) Delete(ctx context.Context, deleted []models.IndexVersion) error {
	return r.engine.Delete(ctx, deleted)
}

// Commit counts the products and puts the words in place of the old ones; rows of deleted products went with these.
func (r *rebuild) Commit(ctx context.Context, count int) error {
	found, err := r.engine.store.CountProductSearchProducts(ctx)
	if err != nil {
		return err
	}
	if found < count {
		return fmt.Errorf("the search table holds %d products, expected %d", found, count)
	}
	if err := r.engine.store.PutSearchWords(ctx, r.vocabulary.all(), r.began); err != nil {
		return err
	}
	return r.engine.store.SetProductSearchMadeFor(ctx, r.engine.definition())
}

// Abort has nothing to take back: every row that was written is right.
func (r *rebuild) Abort(context.Context) error { return nil }

// Current compares what the rows were made by with what this program makes.
func (e *Engine) Current(ctx context.Context) (bool, error) {
	madeFor, err := e.store.ProductSearchMadeFor(ctx)
	return madeFor == e.definition(), err
}

// Versions reads the rows' versions.
func (e *Engine) Versions(ctx context.Context, after uuid.UUID, limit int) ([]models.IndexVersion, error) {
	return e.store.ProductSearchVersionsAfter(ctx, after, limit)
}

// definition identifies how rows are made, by the rows of a product with all kinds of words: a change of the
// analysis changes them.
func (e *Engine) definition() string {
	rows := e.rows(search.SampleDocument(e.languages), newVocabulary())
	for i := range rows {
		lexemes := strings.Fields(rows[i].Document)
		slices.Sort(lexemes)
		rows[i].Document = strings.Join(lexemes, " ")
	}
	slices.SortFunc(rows, func(a, b store.ProductSearchRow) int { return strings.Compare(string(a.Language), string(b.Language)) })
	hash := sha256.Sum256(fmt.Append(nil, rows))
	return hex.EncodeToString(hash[:8])
}
