package resolvers

import (
	"context"

	"github.com/google/uuid"

	"ecoseller/graph"
	"ecoseller/models"
	"ecoseller/search/statistics"
)

// maxReportDays is how far a report looks back.
const maxReportDays = 366

// searchReports returns what the query asks for, with the clicked products that everybody may see.
func (r *Resolver) searchReports(ctx context.Context, days, first int32, q models.SearchReportQuery) ([]*models.SearchReport, error) {
	request := graph.FromContext(ctx)
	if err := request.Require(models.PermissionReadSearch); err != nil {
		return nil, err
	}
	if days < 1 || days > maxReportDays {
		return nil, models.BadInput(models.CodeBadInput, "days is %d; reports look back 1 to %d days", days, maxReportDays)
	}
	if err := r.checkPage("first", first); err != nil {
		return nil, err
	}
	q.Days, q.Limit = int(days), int(first)
	reports, err := r.Store.SearchReports(ctx, q)
	if err != nil {
		return nil, err
	}
	return reports, r.addClickedProducts(ctx, request, reports)
}

func (r *Resolver) addClickedProducts(ctx context.Context, request *graph.Request, reports []*models.SearchReport) error {
	var ids []uuid.UUID
	for _, report := range reports {
		for _, clicked := range report.ClickedProducts {
			ids = append(ids, clicked.ProductID)
		}
	}
	chain, err := request.Chain(nil)
	if err != nil {
		return err
	}
	products, err := r.publishedByIDs(ctx, ids, chain, "clickedProducts.product")
	if err != nil {
		return err
	}
	for _, report := range reports {
		seen := []*models.ClickedProduct{}
		for _, clicked := range report.ClickedProducts {
			if clicked.Product = products[clicked.ProductID]; clicked.Product != nil {
				seen = append(seen, clicked)
			}
		}
		report.ClickedProducts = seen
	}
	return nil
}

// recordClick counts a click. What a client sends wrongly is told, since it is a mistake in its program.
func (r *Resolver) recordClick(ctx context.Context, searchID, productID string, position int32) (bool, error) {
	var problems models.UserErrors
	var id statistics.ID
	if models.DecodeCursor(searchID, &id) != nil || !graph.FromContext(ctx).Languages.Supports(id.Language) {
		problems.Addf(models.UserErrorInvalid, "searchId", "it is not the searchId of an answer")
	}
	product, err := models.ParseUUID(models.KindProduct, productID)
	if err != nil {
		problems.Addf(models.UserErrorInvalid, "productId", "%s", err)
	}
	if position < 1 || position > statistics.MaxPosition {
		problems.Addf(models.UserErrorInvalid, "position", "a position is 1 to %d", statistics.MaxPosition)
	}
	if len(problems) > 0 {
		return false, problems
	}
	return r.Statistics.Clicked(id, product, int(position)), nil
}
