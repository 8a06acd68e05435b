package store

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"

	"ecoseller/models"
)

var versionedSynonym = versioned{table: "synonyms", keyColumn: "id", name: "synonym", field: "id"}

// CreateSynonym writes a new synonym and returns its id.
func (s *Store) CreateSynonym(ctx context.Context, language models.LanguageCode, in *models.SynonymInput) (uuid.UUID, error) {
	id := newID()
	var r row
	r.set("id", id)
	r.set("language", language)
	if !in.Direction.IsSet() {
		r.set("direction", models.SynonymTwoWay)
	}
	setSynonym(&r, in)
	return id, s.insertRow(ctx, "synonyms", r)
}

// UpdateSynonym changes the synonym that has the version. UserErrors say why it did not.
func (s *Store) UpdateSynonym(ctx context.Context, id uuid.UUID, version int64, in *models.SynonymInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.advance(ctx, versionedSynonym, id, version); err != nil {
			return err
		}
		var r row
		setSynonym(&r, in)
		return tx.updateRow(ctx, "synonyms", "id", id, r)
	})
}

func setSynonym(r *row, in *models.SynonymInput) {
	setGiven(r, "direction", in.Direction, "")
	if in.Phrases.IsSet() {
		r.set("phrases", pgdialect.Array(models.TrimPhrases(in.Phrases.Value())))
	}
	if in.Alternatives.IsSet() {
		r.set("alternatives", pgdialect.Array(models.TrimPhrases(in.Alternatives.Value())))
	}
}

// DeleteSynonym deletes the synonym that has the version; Restore brings it back.
func (s *Store) DeleteSynonym(ctx context.Context, id uuid.UUID, version int64) (*models.Deletion, error) {
	return s.deleteVersion(ctx, versionedSynonym, models.KindSynonym, id.String(), version)
}
