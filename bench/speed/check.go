package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"ecoseller/models"
)

// money, product and answer are what both sides have to say alike.
type money struct {
	Amount   decimal.Decimal
	Currency string
}

type price struct{ Net, Gross money }

type product struct {
	ID, Title, Slug, Brand string
	Media                  []struct{ URL string }
	PriceRange             *struct{ LowestNet, LowestGross money }
	Variants               []struct {
		SKU           string
		StockQuantity int
		Price         *price
		Attributes    []struct {
			Value, Name string
			Type        struct{ Code, Name string }
		}
	}
}

type answer struct {
	Data struct {
		Product  *product
		Products *struct {
			Nodes    []*product
			PageInfo struct{ HasNextPage bool }
		}
	}
}

// compare fails when the yardstick does not say what the server says: then it would measure something else.
func compare(ctx context.Context, w *work, sample int, server, yardstick *side) error {
	for at := range min(sample, len(w.yardstick)) {
		ours, err := fetch(ctx, &server.target, at)
		if err != nil {
			return err
		}
		theirs, err := fetch(ctx, &yardstick.target, at)
		if err != nil {
			return err
		}
		if ours != theirs {
			return fmt.Errorf("the yardstick does not say what the server says to %s\n%s\n%s", w.yardstick[at], ours, theirs)
		}
	}
	return nil
}

// fetch asks and writes the answer in one form for both sides: with plain ids, equal numbers written equally, and in
// lists only the first picture, which is what the work is about.
func fetch(ctx context.Context, t *target, at int) (string, error) {
	c, err := dial(ctx, t.address)
	if err != nil {
		return "", err
	}
	defer c.close()
	status, body, err := c.do(t.exchanges[at][0])
	if err != nil {
		return "", err
	}
	var a answer
	if err := json.Unmarshal(body, &a); err != nil || status != http.StatusOK {
		return "", fmt.Errorf("%s answered %d: %.300s", t.name, status, body)
	}
	products := []*product{a.Data.Product}
	if list := a.Data.Products; list != nil {
		products = list.Nodes
	}
	if len(products) == 0 || products[0] == nil {
		return "", fmt.Errorf("%s has found nothing: %.300s", t.name, t.exchanges[at][0])
	}
	for _, p := range products {
		if id, err := models.ParseUUID(models.KindProduct, p.ID); err == nil {
			p.ID = id.String()
		}
		if _, err := uuid.Parse(p.ID); err != nil {
			return "", fmt.Errorf("%s: %w", t.name, err)
		}
		if a.Data.Products != nil && len(p.Media) > 1 {
			p.Media = slices.Clip(p.Media[:1])
		}
	}
	plain, err := json.Marshal(a)
	if err != nil {
		return "", fmt.Errorf("write answer: %w", err)
	}
	return string(plain), nil
}
