package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"ecoseller/models"
)

// translations is the table of an aggregate's texts: a row for each language, with a title and a slug that is
// unique in its language.
type translations struct{ table, owner string }

var (
	productTranslations  = translations{table: "product_translations", owner: "product_id"}
	categoryTranslations = translations{table: "category_translations", owner: "category_id"}
)

// changeTexts removes the texts in some languages and changes those in others.
func (s *Store) changeTexts(ctx context.Context, t translations, owner uuid.UUID, remove []models.LanguageCode, changes []models.TextChange) error {
	if len(remove) > 0 {
		_, err := s.db.NewRaw("DELETE FROM "+t.table+" WHERE "+t.owner+" = ? AND language = ANY(?)", owner, languageArray(remove)).Exec(ctx)
		if err != nil {
			return wrap(ctx, err, "remove texts")
		}
	}
	if len(changes) == 0 {
		return nil
	}
	var present []models.LanguageCode
	if err := s.db.NewRaw("SELECT language FROM "+t.table+" WHERE "+t.owner+" = ?", owner).Scan(ctx, &present); err != nil {
		return wrap(ctx, err, "find languages of texts")
	}
	for i, change := range changes {
		write := s.insertText
		if slices.Contains(present, change.Language) {
			write = s.updateText
		}
		err := write(ctx, t, owner, change, fmt.Sprintf("input.translations.%d", i))
		err = takenAs(err, fmt.Sprintf("input.translations.%d.slug", i), "the slug belongs to another object in %q", change.Language)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) updateText(ctx context.Context, t translations, owner uuid.UUID, change models.TextChange, _ string) error {
	var r row
	for _, text := range change.Texts {
		r.set(text.Name, text.Text)
	}
	if len(r.names) == 0 {
		return nil
	}
	sql := "UPDATE " + t.table + " SET " + r.assignments() + " WHERE " + t.owner + " = ? AND language = ?"
	_, err := s.db.NewRaw(sql, append(r.values, owner, change.Language)...).Exec(ctx)
	return wrap(ctx, err, "update text")
}

func (s *Store) insertText(ctx context.Context, t translations, owner uuid.UUID, change models.TextChange, field string) error {
	title, _ := change.Text("title")
	if title == "" {
		return models.Refuse(models.UserErrorRequired, field+".title", "a new text needs a title")
	}
	var r row
	r.set(t.owner, owner)
	r.set("language", change.Language)
	for _, text := range change.Texts {
		r.set(text.Name, text.Text)
	}
	if _, given := change.Text("slug"); !given {
		slug, err := s.freeSlug(ctx, t, owner, change.Language, title)
		if err != nil {
			return err
		}
		r.set("slug", slug)
	}
	return s.insertRow(ctx, t.table, r)
}

// freeSlug makes a slug out of a title; where that is taken, or is empty, the owner's id makes it unique.
func (s *Store) freeSlug(ctx context.Context, t translations, owner uuid.UUID, language models.LanguageCode, title string) (string, error) {
	slug := models.Slug(title)
	if slug == "" {
		return owner.String(), nil
	}
	var taken bool
	err := s.db.NewRaw("SELECT EXISTS (SELECT FROM "+t.table+" WHERE language = ? AND slug = ?)", language, slug).Scan(ctx, &taken)
	if err != nil {
		return "", wrap(ctx, err, "look for slug")
	}
	if taken {
		// The end of an id is its random part.
		return slug + "-" + owner.String()[24:], nil
	}
	return slug, nil
}
