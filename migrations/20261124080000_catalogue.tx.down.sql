DROP TABLE IF EXISTS product_prices, product_variant_attributes, product_variants, product_media, product_categories,
    product_translations, products, category_translations, categories, product_type_vat_groups,
    product_type_attribute_types, product_types, attributes, attribute_types, vat_groups, countries, price_lists;
