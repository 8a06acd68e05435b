package store

import (
	"context"

	"ecoseller/models"
)

var versionedPriceList = versioned{table: "price_lists", keyColumn: "code", name: "price list", field: "code"}

// CreatePriceList writes a new price list; the first one is the default.
func (s *Store) CreatePriceList(ctx context.Context, code, currency string, in *models.PriceListInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		_, err := tx.db.NewRaw(`
			INSERT INTO price_lists (code, name, currency, is_default)
			SELECT ?, ?, ?, NOT EXISTS (SELECT FROM price_lists WHERE is_default)`, code, code, currency).Exec(ctx)
		if err := takenAs(wrap(ctx, err, "insert price list"), "code", "there is a price list %q already", code); err != nil {
			return err
		}
		return tx.changePriceList(ctx, code, in)
	})
}

// UpdatePriceList changes the price list that has the version. UserErrors say why it did not.
func (s *Store) UpdatePriceList(ctx context.Context, code string, version int64, in *models.PriceListInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.advance(ctx, versionedPriceList, code, version); err != nil {
			return err
		}
		return tx.changePriceList(ctx, code, in)
	})
}

func (s *Store) changePriceList(ctx context.Context, code string, in *models.PriceListInput) error {
	var r row
	setGiven(&r, "name", in.Name, "")
	if step := in.Rounding.Value(); step != nil {
		r.set("rounding", step.Decimal)
	}
	if isDefault := in.IsDefault.Value(); isDefault != nil {
		if err := s.makeDefault(ctx, code, *isDefault); err != nil {
			return err
		}
	}
	return s.updateRow(ctx, "price_lists", "code", code, r)
}

// makeDefault makes the price list the default one; that it is not to be is refused when it is.
func (s *Store) makeDefault(ctx context.Context, code string, isDefault bool) error {
	if !isDefault {
		return s.refuseDefault(ctx, code, "input.isDefault")
	}
	// There is one default: the list before gives way first.
	_, err := s.db.NewRaw("UPDATE price_lists SET is_default = false, version = version + 1 WHERE is_default AND code <> ?", code).Exec(ctx)
	if err != nil {
		return wrap(ctx, err, "change default price list")
	}
	return s.updateRow(ctx, "price_lists", "code", code, row{names: []string{"is_default"}, values: []any{true}})
}

// refuseDefault returns UserErrors when the price list is the default one: a shop always has one.
func (s *Store) refuseDefault(ctx context.Context, code, field string) error {
	var isDefault bool
	err := s.db.NewRaw("SELECT EXISTS (SELECT FROM price_lists WHERE code = ? AND is_default)", code).Scan(ctx, &isDefault)
	if err != nil {
		return wrap(ctx, err, "look at default price list")
	}
	if isDefault {
		return models.Refuse(models.UserErrorInUse, field, "it is the default price list; make another one the default first")
	}
	return nil
}

// DeletePriceList deletes the price list that has the version, with its prices, unless the shop or a country
// needs it; Restore brings it back.
func (s *Store) DeletePriceList(ctx context.Context, code string, version int64) (*models.Deletion, error) {
	if err := s.refuseDefault(ctx, code, "code"); err != nil {
		return nil, err
	}
	var country []string
	err := s.db.NewRaw("SELECT code FROM countries WHERE default_price_list = ? ORDER BY code LIMIT 1", code).Scan(ctx, &country)
	if err != nil {
		return nil, wrap(ctx, err, "look for countries of price list")
	}
	if len(country) > 0 {
		return nil, models.Refuse(models.UserErrorInUse, "code", "customers in %s see it; give the country another price list first", country[0])
	}
	return s.deleteVersion(ctx, versionedPriceList, models.KindPriceList, code, version)
}

// PriceListByCode returns the price list, or ErrNotFound.
func (s *Store) PriceListByCode(ctx context.Context, code string) (*models.PriceList, error) {
	list := new(models.PriceList)
	err := s.db.NewSelect().Model(list).Where("code = ?", code).Scan(ctx)
	return list, wrap(ctx, err, "load price list")
}
