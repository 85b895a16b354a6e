//! The shop's own goods, put on the shelves at the first start. Data only; prices change in the database, not here.

use uuid::Uuid;

use super::{Category, Product};
use crate::price::Price;

struct Seed {
    category: Category,
    slug: &'static str,
    price_minor_units: i64,
    en: (&'static str, &'static str),
    pt: (&'static str, &'static str),
}

/// The goods. Their ids are made of their slugs, so that every shop has the same ones.
pub(crate) fn products() -> Vec<Product> {
    let goods = GOODS.iter().filter_map(|seed| {
        Some(Product {
            id: Uuid::new_v5(
                &Uuid::NAMESPACE_URL,
                format!("codebank store: {}", seed.slug).as_bytes(),
            ),
            slug: seed.slug.to_owned(),
            category: seed.category,
            name_en: seed.en.0.to_owned(),
            name_pt: seed.pt.0.to_owned(),
            description_en: seed.en.1.to_owned(),
            description_pt: seed.pt.1.to_owned(),
            image_url: format!("/shop/pictures/{}.svg", seed.slug),
            // The test below holds every one of them to a price.
            price: Price::try_new(seed.price_minor_units).ok()?,
        })
    });
    goods.collect()
}

#[rustfmt::skip] // a line each would be four times as long and no clearer
const GOODS: [Seed; 36] = [
    good(Category::Books, "dom-casmurro", 3_990,
        ("Dom Casmurro", "Machado de Assis, 1899. Did she or did she not? Clothbound, 256 pages, in the original Portuguese."),
        ("Dom Casmurro", "Machado de Assis, 1899. Traiu ou não traiu? Capa dura em tecido, 256 páginas.")),
    good(Category::Books, "memorias-postumas-de-bras-cubas", 4_290,
        ("The Posthumous Memoirs of Brás Cubas", "Machado de Assis, 1881. Told by a dead man with all the time in the world. 240 pages, in Portuguese."),
        ("Memórias Póstumas de Brás Cubas", "Machado de Assis, 1881. Contado por um defunto que não tem pressa. 240 páginas.")),
    good(Category::Books, "o-cortico", 3_490,
        ("The Slum (O Cortiço)", "Aluísio Azevedo, 1890. A house, and everybody who lives in it. 232 pages, in Portuguese."),
        ("O Cortiço", "Aluísio Azevedo, 1890. Uma habitação e todos os que vivem nela. 232 páginas.")),
    good(Category::Books, "os-sertoes", 6_490,
        ("Rebellion in the Backlands (Os Sertões)", "Euclides da Cunha, 1902. The land, the man, the fight. With maps, 640 pages, in Portuguese."),
        ("Os Sertões", "Euclides da Cunha, 1902. A terra, o homem, a luta. Com mapas, 640 páginas.")),
    good(Category::Books, "iracema", 2_990,
        ("Iracema", "José de Alencar, 1865. The legend of Ceará, with notes. 128 pages, in Portuguese."),
        ("Iracema", "José de Alencar, 1865. A lenda do Ceará, com notas. 128 páginas.")),
    good(Category::Books, "triste-fim-de-policarpo-quaresma", 3_690,
        ("The Sad End of Policarpo Quaresma", "Lima Barreto, 1911. A patriot meets his country. 224 pages, in Portuguese."),
        ("Triste Fim de Policarpo Quaresma", "Lima Barreto, 1911. Um patriota encontra o seu país. 224 páginas.")),
    good(Category::Coffee, "cafe-sul-de-minas", 3_890,
        ("Coffee beans Sul de Minas, 250 g", "Yellow Bourbon, medium roast: chocolate, caramel, a little orange. Roasted on Mondays."),
        ("Café em grãos Sul de Minas, 250 g", "Bourbon Amarelo, torra média: chocolate, caramelo, um toque de laranja. Torrado às segundas.")),
    good(Category::Coffee, "moedor-manual", 18_900,
        ("Hand coffee grinder", "Conical steel burrs, beech drawer, 18 grind settings. Grinds for four cups at a time."),
        ("Moedor de café manual", "Mós cônicas de aço, gaveta de faia, 18 regulagens. Mói para quatro xícaras por vez.")),
    good(Category::Coffee, "coador-de-ceramica", 7_490,
        ("Ceramic dripper with server", "White glazed ceramic over a 500 ml glass server. Takes size 02 paper filters."),
        ("Coador de cerâmica com jarra", "Cerâmica esmaltada branca sobre jarra de vidro de 500 ml. Usa filtro de papel 02.")),
    good(Category::Coffee, "cafeteira-italiana", 12_990,
        ("Stovetop espresso maker, 6 cups", "Aluminium, safety valve, heatproof handle. For gas and electric stoves."),
        ("Cafeteira italiana, 6 xícaras", "Alumínio, válvula de segurança, cabo que não esquenta. Para fogão a gás e elétrico.")),
    good(Category::Coffee, "chaleira-bico-de-ganso", 21_900,
        ("Gooseneck kettle, 1 l", "Matt black steel, wooden knob, a spout that pours where you look."),
        ("Chaleira bico de ganso, 1 l", "Aço preto fosco, pegador de madeira, um bico que despeja onde se olha.")),
    good(Category::Coffee, "caneca-esmaltada", 4_490,
        ("Enamel mug, 350 ml", "White with a blue rim, as at grandmother’s. Survives falls, camp fires and dishwashers."),
        ("Caneca esmaltada, 350 ml", "Branca com filete azul, como a da avó. Aguenta tombo, fogueira e lava-louças.")),
    good(Category::Kitchen, "panela-de-ferro", 34_900,
        ("Cast-iron pot, 4 l", "Enamelled inside and out. For beans on Sundays and bread on Mondays; oven-safe."),
        ("Panela de ferro fundido, 4 l", "Esmaltada por dentro e por fora. Feijão no domingo, pão na segunda; vai ao forno.")),
    good(Category::Kitchen, "tabua-de-corte", 8_990,
        ("Cutting board, teak", "End-grain teak, 40 × 28 cm, oiled. With a hole to hang it by."),
        ("Tábua de corte de teca", "Teca, 40 × 28 cm, já oleada. Com furo para pendurar.")),
    good(Category::Kitchen, "faca-do-chef", 15_900,
        ("Chef’s knife, 20 cm", "Forged stainless steel, riveted handle. Arrives sharp; please mind the box."),
        ("Faca do chef, 20 cm", "Aço inox forjado, cabo rebitado. Chega afiada; cuidado ao abrir.")),
    good(Category::Kitchen, "frigideira", 17_990,
        ("Iron frying pan, 26 cm", "Seasoned and ready: an egg slides off on the first day. Any stove, induction too."),
        ("Frigideira de ferro, 26 cm", "Curada e pronta: o ovo desliza no primeiro dia. Qualquer fogão, inclusive indução.")),
    good(Category::Kitchen, "pilao-de-pedra", 7_990,
        ("Stone mortar and pestle", "Soapstone from Minas Gerais, 14 cm. For garlic, pepper and bad moods."),
        ("Pilão de pedra", "Pedra-sabão de Minas Gerais, 14 cm. Para alho, pimenta e mau humor.")),
    good(Category::Kitchen, "forma-de-pudim", 5_490,
        ("Flan mould with lid", "Aluminium, 20 cm, for the water bath. The flan is not included."),
        ("Forma de pudim com tampa", "Alumínio, 20 cm, para banho-maria. O pudim não acompanha.")),
    good(Category::Tools, "martelo", 5_990,
        ("Claw hammer, 500 g", "Drop-forged head, hickory handle, well balanced."),
        ("Martelo de unha, 500 g", "Cabeça forjada, cabo de madeira, bem equilibrado.")),
    good(Category::Tools, "jogo-de-chaves-de-fenda", 8_490,
        ("Screwdriver set, 4 pieces", "Two flat, two Phillips, chrome vanadium, with a rack for the wall."),
        ("Jogo de chaves de fenda, 4 peças", "Duas de fenda, duas Phillips, cromo-vanádio, com suporte de parede.")),
    good(Category::Tools, "trena", 3_290,
        ("Tape measure, 5 m", "Locks, bounces, survives the second floor. Centimetres and inches."),
        ("Trena, 5 m", "Trava, quica, sobrevive ao segundo andar. Centímetros e polegadas.")),
    good(Category::Tools, "furadeira", 39_900,
        ("Cordless drill, 18 V", "Two batteries, two speeds, hammer mode, and a case that closes."),
        ("Furadeira sem fio, 18 V", "Duas baterias, duas velocidades, impacto, e uma maleta que fecha.")),
    good(Category::Tools, "nivel-de-bolha", 4_790,
        ("Spirit level, 40 cm", "Three vials, magnetic edge. Shelves will agree with you."),
        ("Nível de bolha, 40 cm", "Três bolhas, base magnética. As prateleiras vão concordar com você.")),
    good(Category::Tools, "caixa-de-ferramentas", 13_990,
        ("Toolbox, steel", "Powder-coated, with a tray; 42 cm, takes 20 kg."),
        ("Caixa de ferramentas de aço", "Pintura eletrostática, com bandeja; 42 cm, aguenta 20 kg.")),
    good(Category::Stationery, "caderno-pautado", 2_790,
        ("Ruled notebook, A5", "Sewn, 192 pages of 90 g paper, ribbon, pocket at the back."),
        ("Caderno pautado, A5", "Costurado, 192 páginas de papel 90 g, fita marcadora, bolso no fim.")),
    good(Category::Stationery, "caneta-tinteiro", 11_900,
        ("Fountain pen, medium nib", "Burgundy resin, steel nib, converter included. Not for people in a hurry."),
        ("Caneta-tinteiro, pena média", "Resina bordô, pena de aço, conversor incluso. Para escrever sem pressa.")),
    good(Category::Stationery, "lapis-de-cor", 5_890,
        ("Coloured pencils, 24", "Soft leads, reforested wood. The white one is useful, we promise."),
        ("Lápis de cor, 24 cores", "Minas macias, madeira de reflorestamento. O branco serve, sim.")),
    good(Category::Stationery, "tesoura", 2_490,
        ("Scissors, 21 cm", "Stainless steel, for paper and cloth. Keep one for each."),
        ("Tesoura, 21 cm", "Aço inox, para papel e tecido. Tenha uma para cada.")),
    good(Category::Stationery, "regua-de-madeira", 1_290,
        ("Wooden ruler, 30 cm", "Brass edge, engraved marks that do not wear off."),
        ("Régua de madeira, 30 cm", "Borda de latão, marcas gravadas que não apagam.")),
    good(Category::Stationery, "grampeador", 3_690,
        ("Stapler", "All metal, 25 sheets, takes 26/6 staples. Heavier than it looks."),
        ("Grampeador", "Todo de metal, 25 folhas, grampos 26/6. Mais pesado do que parece.")),
    good(Category::Home, "luminaria-de-mesa", 16_990,
        ("Desk lamp", "Adjustable arm, steel shade, E27 socket. Warm LED bulb included."),
        ("Luminária de mesa", "Braço articulado, cúpula de aço, soquete E27. Acompanha lâmpada LED quente.")),
    good(Category::Home, "rede-de-dormir", 22_900,
        ("Hammock, double", "Woven in Ceará, raw cotton, 4.20 m with fringes; bears 200 kg."),
        ("Rede de dormir, casal", "Tecida no Ceará, algodão cru, 4,20 m com varanda; suporta 200 kg.")),
    good(Category::Home, "vaso-de-barro", 3_990,
        ("Clay pot with plant", "Terracotta, 18 cm, with a sansevieria that forgives everything."),
        ("Vaso de barro com planta", "Terracota, 18 cm, com uma espada-de-são-jorge que perdoa tudo.")),
    good(Category::Home, "relogio-de-parede", 9_990,
        ("Wall clock, 30 cm", "Walnut frame, silent movement, one AA cell a year."),
        ("Relógio de parede, 30 cm", "Moldura de nogueira, máquina silenciosa, uma pilha AA por ano.")),
    good(Category::Home, "almofada", 6_490,
        ("Cushion, 45 cm", "Washable cotton cover with a woven pattern, filling included."),
        ("Almofada, 45 cm", "Capa de algodão lavável com trama geométrica, enchimento incluso.")),
    good(Category::Home, "cadeira-de-balanco", 129_000,
        ("Rocking chair", "Solid freijó wood, woven seat. Assembled here, not by you."),
        ("Cadeira de balanço", "Freijó maciço, assento estofado. Chega montada, não é com você.")),
];

const fn good(
    category: Category,
    slug: &'static str,
    price_minor_units: i64,
    en: (&'static str, &'static str),
    pt: (&'static str, &'static str),
) -> Seed {
    Seed {
        category,
        slug,
        price_minor_units,
        en,
        pt,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalogue::{picture, slug};

    #[test]
    fn every_good_has_a_price_an_address_and_a_picture_of_its_own() {
        let products = products();
        assert_eq!(products.len(), GOODS.len());
        let slugs: BTreeSet<&str> = products.iter().map(|product| product.slug.as_str()).collect();
        let pictures: BTreeSet<String> = slugs.iter().map(|slug| picture(slug).into_owned()).collect();
        assert_eq!((slugs.len(), pictures.len()), (GOODS.len(), GOODS.len()));
        assert!(slugs.iter().all(|name| slug(name) == **name));
    }
}
