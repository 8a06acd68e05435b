package store

import (
	"context"

	"ecoseller/models"
)

var (
	versionedCountry  = versioned{table: "countries", keyColumn: "code", name: "country", field: "code"}
	versionedVatGroup = versioned{table: "vat_groups", keyColumn: "code", name: "VAT group", field: "code"}
)

// CreateCountry writes a new country.
func (s *Store) CreateCountry(ctx context.Context, code models.CountryCode, in *models.CountryInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.requirePriceList(ctx, *in.DefaultPriceList.Value()); err != nil {
			return err
		}
		var r row
		r.set("code", code)
		r.set("locale", *in.Locale.Value())
		r.set("default_price_list", *in.DefaultPriceList.Value())
		if err := takenAs(tx.insertRow(ctx, "countries", r), "code", "there is a country %q already", code); err != nil {
			return err
		}
		return tx.changeCountry(ctx, code, in)
	})
}

// UpdateCountry changes the country that has the version. UserErrors say why it did not.
func (s *Store) UpdateCountry(ctx context.Context, code models.CountryCode, version int64, in *models.CountryInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.advance(ctx, versionedCountry, code, version); err != nil {
			return err
		}
		if list := in.DefaultPriceList.Value(); list != nil {
			if err := tx.requirePriceList(ctx, *list); err != nil {
				return err
			}
		}
		return tx.changeCountry(ctx, code, in)
	})
}

func (s *Store) changeCountry(ctx context.Context, code models.CountryCode, in *models.CountryInput) error {
	var r row
	if err := setTranslated(&r, in.Name); err != nil {
		return err
	}
	setGiven(&r, "locale", in.Locale, "")
	setGiven(&r, "default_price_list", in.DefaultPriceList, "")
	return s.updateRow(ctx, "countries", "code", code, r)
}

func (s *Store) requirePriceList(ctx context.Context, code string) error {
	var exists bool
	err := s.db.NewRaw("SELECT EXISTS (SELECT FROM price_lists WHERE code = ?)", code).Scan(ctx, &exists)
	if err != nil {
		return wrap(ctx, err, "look for price list")
	}
	if !exists {
		return models.Refuse(models.UserErrorNotFound, "input.defaultPriceList", "there is no price list %q", code)
	}
	return nil
}

// DeleteCountry deletes the country that has the version, with its VAT groups; Restore brings it back.
func (s *Store) DeleteCountry(ctx context.Context, code models.CountryCode, version int64) (*models.Deletion, error) {
	return s.deleteVersion(ctx, versionedCountry, models.KindCountry, string(code), version)
}

// CreateVatGroup writes a new VAT group of a country.
func (s *Store) CreateVatGroup(ctx context.Context, code string, country models.CountryCode, in *models.VatGroupInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		var exists bool
		err := tx.db.NewRaw("SELECT EXISTS (SELECT FROM countries WHERE code = ?)", country).Scan(ctx, &exists)
		if err != nil {
			return wrap(ctx, err, "look for country")
		}
		if !exists {
			return models.Refuse(models.UserErrorNotFound, "country", "there is no country %q", country)
		}
		var r row
		r.set("code", code)
		r.set("name", *in.Name.Value())
		r.set("country", country)
		r.set("rate", in.Rate.Value().Decimal)
		if err := takenAs(tx.insertRow(ctx, "vat_groups", r), "code", "there is a VAT group %q already", code); err != nil {
			return err
		}
		return tx.changeVatGroup(ctx, code, in)
	})
}

// UpdateVatGroup changes the VAT group that has the version. UserErrors say why it did not.
func (s *Store) UpdateVatGroup(ctx context.Context, code string, version int64, in *models.VatGroupInput) error {
	return s.InTx(ctx, func(ctx context.Context, tx *Store) error {
		if err := tx.advance(ctx, versionedVatGroup, code, version); err != nil {
			return err
		}
		return tx.changeVatGroup(ctx, code, in)
	})
}

func (s *Store) changeVatGroup(ctx context.Context, code string, in *models.VatGroupInput) error {
	var r row
	setGiven(&r, "name", in.Name, "")
	if rate := in.Rate.Value(); rate != nil {
		r.set("rate", rate.Decimal)
	}
	if isDefault := in.IsDefault.Value(); isDefault != nil {
		if *isDefault {
			// A country has one default: the group before gives way first.
			_, err := s.db.NewRaw(`
				UPDATE vat_groups SET is_default = false, version = version + 1
				WHERE is_default AND code <> ?0 AND country = (SELECT country FROM vat_groups WHERE code = ?0)`, code).Exec(ctx)
			if err != nil {
				return wrap(ctx, err, "change default VAT group")
			}
		}
		r.set("is_default", *isDefault)
	}
	return s.updateRow(ctx, "vat_groups", "code", code, r)
}

// DeleteVatGroup deletes the VAT group that has the version; Restore brings it back.
func (s *Store) DeleteVatGroup(ctx context.Context, code string, version int64) (*models.Deletion, error) {
	return s.deleteVersion(ctx, versionedVatGroup, models.KindVatGroup, code, version)
}

// VatGroupByCode returns the VAT group, or ErrNotFound.
func (s *Store) VatGroupByCode(ctx context.Context, code string) (*models.VatGroup, error) {
	group := new(models.VatGroup)
	err := s.db.NewSelect().Model(group).Where("code = ?", code).Scan(ctx)
	return group, wrap(ctx, err, "load VAT group")
}
