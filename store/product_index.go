package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

// LockSearchRows is held while rows of product_search are written: a product's rows change together.
const LockSearchRows LockKey = 7_301_984_116

const (
	// absorbedJobs and absorbedProducts bound what one indexing job takes along.
	absorbedJobs     = 1000
	absorbedProducts = 1000
	// keepTombstones is how long it is known at which version a product was deleted.
	keepTombstones = "30 days"
)

// TombstonesByProductIDs returns at which versions the products were deleted that no longer exist.
func (s *Store) TombstonesByProductIDs(ctx context.Context, ids []uuid.UUID) ([]models.IndexVersion, error) {
	var versions []models.IndexVersion
	err := s.db.NewRaw(`
		SELECT product_id, index_version AS version FROM product_tombstones AS t
		WHERE product_id = ANY(?) AND NOT EXISTS (SELECT FROM products AS p WHERE p.id = t.product_id)`,
		uuidArray(ids)).Scan(ctx, &versions)
	return versions, wrap(ctx, err, "load tombstones of products")
}

// IndexHorizon is a moment: what had not been committed by then is found by DeletedSince.
type IndexHorizon string

// IndexHorizonNow returns the present moment.
func (s *Store) IndexHorizonNow(ctx context.Context) (IndexHorizon, error) {
	var horizon IndexHorizon
	err := s.db.NewRaw("SELECT pg_snapshot_xmin(pg_current_snapshot())::text").Scan(ctx, &horizon)
	return horizon, wrap(ctx, err, "look at running transactions")
}

// DeletedSince returns products that were deleted since an hour before the moment and have not come back, in the order
// of ids behind the given one.
func (s *Store) DeletedSince(ctx context.Context, since IndexHorizon, after uuid.UUID, limit int) ([]models.IndexVersion, error) {
	var versions []models.IndexVersion
	err := s.db.NewRaw(`
		SELECT product_id, index_version AS version FROM product_tombstones AS t
		WHERE (deleted_in >= ?::xid8 OR deleted_at > now() - interval '1 hour') AND product_id > ?
		  AND NOT EXISTS (SELECT FROM products AS p WHERE p.id = t.product_id)
		ORDER BY product_id LIMIT ?`, string(since), after, limit).Scan(ctx, &versions)
	return versions, wrap(ctx, err, "list deleted products")
}

// CountDeletedSince says how many products have been deleted since the moment; some may have come back.
func (s *Store) CountDeletedSince(ctx context.Context, since IndexHorizon) (int, error) {
	var count int
	err := s.db.NewRaw("SELECT count(*) FROM product_tombstones WHERE deleted_in >= ?::xid8", string(since)).Scan(ctx, &count)
	return count, wrap(ctx, err, "count deleted products")
}

// DeleteOldTombstones forgets products that were deleted long ago.
func (s *Store) DeleteOldTombstones(ctx context.Context) error {
	_, err := s.db.NewRaw("DELETE FROM product_tombstones WHERE deleted_at < now() - ?::interval", keepTombstones).Exec(ctx)
	return wrap(ctx, err, "delete old tombstones")
}

// IndexVersionsAfter returns the versions of up to limit products that follow the given one in the order of ids.
func (s *Store) IndexVersionsAfter(ctx context.Context, after uuid.UUID, limit int) ([]models.IndexVersion, error) {
	var versions []models.IndexVersion
	err := s.db.NewRaw("SELECT id AS product_id, index_version AS version FROM products WHERE id > ? ORDER BY id LIMIT ?", after, limit).
		Scan(ctx, &versions)
	return versions, wrap(ctx, err, "list versions of products")
}

// IndexVersionsByProductIDs returns the versions of the products that exist among the ids.
func (s *Store) IndexVersionsByProductIDs(ctx context.Context, ids []uuid.UUID) ([]models.IndexVersion, error) {
	var versions []models.IndexVersion
	err := s.db.NewRaw("SELECT id AS product_id, index_version AS version FROM products WHERE id = ANY(?)", uuidArray(ids)).
		Scan(ctx, &versions)
	return versions, wrap(ctx, err, "load versions of products")
}

// LiftIndexVersions gives the products versions above the given one: an index that knows a newer version than the
// database, as after a restore of an older backup, would ignore what is written otherwise.
func (s *Store) LiftIndexVersions(ctx context.Context, ids []uuid.UUID, above int64) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		_, err := tx.db.NewRaw("SELECT setval('product_index_versions', greatest(nextval('product_index_versions'), ?))", above).Exec(ctx)
		if err != nil {
			return wrap(ctx, err, "lift index versions")
		}
		return tx.TouchProducts(ctx, ids)
	})
}

// AbsorbIndexing adds the products of other waiting indexing jobs to the running one, and finishes those: one bulk
// request does for many changes what each alone would pay for. What was absorbed is repeated with the job.
// It returns all products of the job.
func (s *Store) AbsorbIndexing(ctx context.Context, job *models.Job) ([]uuid.UUID, error) {
	var texts []string
	err := s.db.NewRaw(`
		WITH waiting AS (
			SELECT id, run_at, payload -> 'product_ids' AS product_ids FROM jobs
			WHERE kind = ?0 AND state IN ('queued', 'retrying') AND run_at <= now()
			ORDER BY run_at, id LIMIT ?1
			FOR UPDATE SKIP LOCKED
		), counted AS (
			SELECT id, product_ids, sum(jsonb_array_length(product_ids)) OVER (ORDER BY run_at, id) AS products FROM waiting
		), absorbed AS (
			UPDATE jobs SET state = 'succeeded', finished_at = now(), last_error = ''
			FROM counted WHERE counted.id = jobs.id
			  AND counted.products <= ?2 - (SELECT jsonb_array_length(payload -> 'product_ids') FROM jobs WHERE id = ?3)
			RETURNING counted.product_ids
		), merged AS (
			SELECT coalesce(jsonb_agg(DISTINCT product_id), '[]') AS product_ids
			FROM (SELECT payload -> 'product_ids' AS product_ids FROM jobs WHERE id = ?3 UNION ALL SELECT product_ids FROM absorbed) AS lists,
				jsonb_array_elements(lists.product_ids) AS product_id
		), kept AS (
			UPDATE jobs SET payload = jsonb_build_object('product_ids', merged.product_ids)
			FROM merged WHERE jobs.id = ?3 AND EXISTS (SELECT FROM absorbed)
		)
		SELECT jsonb_array_elements_text(product_ids) FROM merged ORDER BY 1`,
		models.PolicyOf(models.IndexProducts{}).Kind, absorbedJobs, absorbedProducts, job.ID).Scan(ctx, &texts)
	if err != nil {
		return nil, wrap(ctx, err, "absorb indexing jobs")
	}
	ids := make([]uuid.UUID, len(texts))
	for i, text := range texts {
		if ids[i], err = uuid.Parse(text); err != nil {
			return nil, fmt.Errorf("read product of indexing job: %w", err)
		}
	}
	return ids, nil
}

// --- rows of the search engine in PostgreSQL ---

// DeleteProductSearchRows removes deleted products from the search, unless they have come back.
func (s *Store) DeleteProductSearchRows(ctx context.Context, deleted []models.IndexVersion) error {
	ids, versions := make([]uuid.UUID, len(deleted)), make([]int64, len(deleted))
	for i, d := range deleted {
		ids[i], versions[i] = d.ProductID, d.Version
	}
	_, err := s.db.NewRaw(`
		DELETE FROM product_search AS s USING unnest(?, ?::bigint[]) AS deleted (product_id, version)
		WHERE s.product_id = deleted.product_id AND s.version <= deleted.version`,
		uuidArray(ids), pgdialect.Array(versions)).Exec(ctx)
	return wrap(ctx, err, "delete search rows")
}

// ProductSearchVersionsAfter returns the versions of up to limit products' rows that follow the given product in the
// order of ids; of rows that differ the oldest counts.
func (s *Store) ProductSearchVersionsAfter(ctx context.Context, after uuid.UUID, limit int) ([]models.IndexVersion, error) {
	var versions []models.IndexVersion
	err := s.db.NewRaw(`
		SELECT product_id, min(version) AS version FROM product_search WHERE product_id > ?
		GROUP BY product_id ORDER BY product_id LIMIT ?`, after, limit).Scan(ctx, &versions)
	return versions, wrap(ctx, err, "list versions of search rows")
}

// ProductSearchMadeFor says which definition the rows were made by; empty when they never were.
func (s *Store) ProductSearchMadeFor(ctx context.Context) (string, error) {
	made, err := s.madeFor(ctx, "product_search")
	return string(made), err
}

// SetProductSearchMadeFor notes by which definition the rows were made.
func (s *Store) SetProductSearchMadeFor(ctx context.Context, definition string) error {
	_, err := s.db.NewRaw(`
		INSERT INTO derivations (name, made_for) VALUES ('product_search', ?)
		ON CONFLICT (name) DO UPDATE SET made_for = excluded.made_for`, definition).Exec(ctx)
	return wrap(ctx, err, "note what search rows were made by")
}

// exclusivelyInTx runs do in a transaction that waits for others of its kind to end.
func (s *Store) exclusivelyInTx(ctx context.Context, key LockKey, do func(ctx context.Context, tx bun.IDB) error) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if _, err := tx.db.NewRaw("SELECT pg_advisory_xact_lock(?)", int64(key)).Exec(ctx); err != nil {
			return wrap(ctx, err, "take lock")
		}
		return do(ctx, tx.db)
	})
}
