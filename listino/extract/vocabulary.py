"""What shops write beside a price, a code and a buy button, in the languages of Europe and a few more.

Each table is one meaning; a phrase is looked for as it stands, in lower case. None of it is about one site.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from listino.extract import naming

_SOLD_OUT = """
out of stock|sold out|currently unavailable|not available|no longer available|temporarily unavailable|unavailable|discontinued|out-of-stock|not in stock|no longer in stock|no stock|no longer for sale|item is unavailable|this item has been sold|listing has ended|listing was ended|listing ended|auction has ended|bidding has ended|item has ended|sale has ended|ad has expired|listing has expired|has been deleted|no longer listed
non disponibile|esaurito|esaurita|terminato|inserzione è terminata|annuncio scaduto|momentaneamente non disponibile|prodotto non disponibile|non più disponibile|non è disponibile|non è più disponibile|non in stock
en rupture|rupture de stock|épuisé|épuisée|indisponible|non disponible|n'est plus disponible|plus disponible|plus en stock|pas en stock|pas disponible|hors stock|victime de son succès|vente est terminée|annonce expirée
nicht verfügbar|nicht lieferbar|ausverkauft|nicht auf lager|vergriffen|nicht vorrätig|derzeit nicht|momentan nicht|aktuell nicht|leider nicht|nicht mehr verfügbar|nicht mehr lieferbar|zurzeit nicht|angebot wurde beendet|angebot beendet|auktion beendet
agotado|agotada|no disponible|sin stock|fuera de stock|sin existencias|no hay existencias|no quedan unidades|no está disponible|anuncio finalizado|publicación finalizada|ha finalizado
esgotado|indisponível|sem estoque|sem stock|fora de estoque
uitverkocht|niet op voorraad|niet leverbaar|niet beschikbaar|tijdelijk uitverkocht
niedostępny|brak w magazynie|produkt niedostępny|wyprzedane|wyprzedany|chwilowo niedostępny|brak towaru
vyprodáno|není skladem|nedostupné|vypredané|nie je skladom|nedostupný
slutsåld|ej i lager|slut i lager|tillfälligt slut|udsolgt|ikke på lager|utsolgt|loppuunmyyty|ei varastossa|loppu varastosta
elfogyott|nincs raktáron|nem elérhető|stoc epuizat|indisponibil|nu este in stoc|nu este în stoc|lipsa stoc
нет в наличии|распродано|товар закончился|под заказ нет|нет на складе|немає в наявності|няма наличност|изчерпан|не е наличен
razprodano|ni na zalogi|ni na voljo|rasprodano|nema na stanju|nije dostupno|nedostupno|nav pieejams|nav noliktavā|izpārdots|išparduota|nėra sandėlyje|neturime|otsas|läbi müüdud
εξαντλημένο|μη διαθέσιμο|δεν είναι διαθέσιμο|tükendi|stokta yok|stokta bulunmamaktadır|אזל מהמלאי|אינו במלאי|לא במלאי|غير متوفر|نفذت الكمية|نفد
在庫切れ|品切れ|売り切れ|完売|在庫なし|sold out|缺货|缺貨|售罄|已售完|售完|已下架|補貨中|품절|재고 없음|일시품절|hết hàng|tạm hết|สินค้าหมด|habis|stok habis
"""
_IN_STOCK = """
in stock|available now|ready to ship|ships today|available immediately|in stock and ready|left in stock|available|ready for dispatch
disponibile|disponibilità immediata|in magazzino|pronta consegna|disponibile subito
en stock|disponible|expédié sous|disponible immédiatement
auf lager|sofort lieferbar|sofort verfügbar|lieferbar|vorrätig|verfügbar|versandfertig
en existencias|hay existencias|em estoque|disponível|op voorraad|leverbaar|direct leverbaar
dostępny|w magazynie|na stanie|dostępność: jest|skladem|na sklade|skladom|i lager|på lager|finns i lager|varastossa|raktáron|készleten|in stoc|în stoc|disponibil
в наличии|есть в наличии|на складе|є в наявності|в наявності|в наличност|наличен|na zalogi|dobavljivo|na voljo|na stanju|dostupno|pieejams|noliktavā|ir sandėlyje|turime|laos
διαθέσιμο|σε απόθεμα|stokta|במלאי|متوفر|متاح|在庫あり|在庫有り|有货|有貨|現貨|现货|재고 있음|còn hàng|มีสินค้า|tersedia
"""
# Forms that promise a message stand where there is nothing to buy, and waits hidden where there is.
_LATER = """
notify me|email me when|back in stock|let me know when|waitlist|wait list|waiting list|coming soon|stock alert|when it's back|when available
avvisami|avvertimi|notificami|torna disponibile|di nuovo disponibile|in arrivo|sarà disponibile|quando disponibile
prévenez-moi|prévenir|m'avertir|me prévenir|alertez-moi|m'alerter|être alerté|retour en stock|de retour en stock|de nouveau disponible|à nouveau disponible|quand disponible|bientôt disponible
benachrichtigen|benachrichtigung|wieder verfügbar|wieder lieferbar|wieder auf lager|sobald verfügbar|verfügbar ab|bald verfügbar|sobald der artikel
avísame|avisarme|notificarme|notifícame|avíseme|vuelva a estar|de nuevo disponible|de nuevo en stock|próximamente|cuando esté disponible
avise-me|avisem-me|me avise|quando disponível|quando chegar|houd me op de hoogte|weer op voorraad|weer leverbaar|binnenkort
powiadom|hlídat dostupnost|hlídací pes|upozornit|sledovať dostupnosť|strážiť|bevaka|bevaka produkt|meddela mig|giv besked|gi meg beskjed|ilmoita kun|értesítést|anunță-mă|alerta stoc
сообщить о поступлении|уведомить|узнать о поступлении|повідомити|уведоми ме|obvesti me|obavijesti me|ειδοποίηση|gelince haber ver|再入荷|入荷お知らせ|到貨通知|到货通知|貨到通知|재입고|עדכנו אותי|أعلمني|أخبرني
"""
_BUY = """
add to cart|add to basket|add to bag|add to trolley|add to shopping|add to order|buy now|buy it now|buy this|place order|order now|purchase|bid now|place bid|add item|shop now|checkout|buy ticket|get ticket
aggiungi al carrello|aggiungi alla borsa|acquista|compra ora|compralo subito|metti nel carrello|ordina
ajouter au panier|acheter|j'achète|commander|achat immédiat|ajouter à mon panier
in den warenkorb|in den einkaufswagen|jetzt kaufen|kaufen|bestellen|sofort-kaufen|zum warenkorb|in die einkaufstasche
añadir al carrito|añadir a la cesta|comprar|agregar al carrito|añadir a la bolsa|agregar a la bolsa|cómpralo ya|añadir al carro|agregar al carro
adicionar ao carrinho|adicionar ao cesto|comprar agora|adicionar à sacola
in winkelwagen|in winkelmand|toevoegen aan winkelwagen|bestel nu|koop nu
do koszyka|dodaj do koszyka|kup teraz|do košíku|přidat do košíku|koupit|do košíka|pridať do košíka|kúpiť
lägg i varukorg|lägg i kundvagn|köp nu|köp|læg i kurv|køb|legg i handlekurv|kjøp|lisää ostoskoriin|lisää koriin|osta
kosárba|vásárlás|adaugă în coș|adauga in cos|cumpără|dodaj v košarico|v košarico|naroči|kupi|dodaj u košaricu|u košaricu|dodaj u korpu|pievienot grozam|ielikt grozā|pirkt|į krepšelį|pirkti|lisa ostukorvi
в корзину|купить|заказать|добавить в корзину|до кошика|купити|в кошик|добави в количката|купи|поръчай
στο καλάθι|προσθήκη στο καλάθι|αγορά|sepete ekle|satın al|הוסף לסל|קנה עכשיו|לקנייה|הוספה לסל|أضف إلى السلة|اشتر الآن|أضف للسلة
カートに入れる|かごに入れる|カートに追加|購入|今すぐ買う|加入购物车|加入購物車|立即购买|立即購買|放入購物車|立刻購買|加入购物袋|장바구니|구매하기|바로구매|thêm vào giỏ|mua ngay|หยิบใส่ตะกร้า|เพิ่มลงตะกร้า|beli sekarang|tambah ke troli|masukkan keranjang
"""
# What stands before an amount (or right behind it) that is no selling price.
_BESIDE = {
    naming.OLD: """
        statt|anstatt|uvp|uvp:|rrp|r.r.p|r.r.p.|msrp|m.s.r.p|mrp|m.r.p|was|list price|before|reg.|reg. price|original price|retail price|compare at|old price|previous price|originally|regular price|retail|recommended
        anziché|anzichè|invece di|prezzo di listino|listino|prezzo consigliato|prezzo precedente|prezzo originale|da listino
        au lieu de|prix conseillé|ancien prix|prix barré|prix public|avant|prix initial|antes|pvpr|p.v.p.r|precio anterior|precio original|precio recomendado|preço original|preço normal|precio normal|precio regular|precio lista|precio de lista|de:
        bisher|bisheriger preis|ehem.|früher|streichpreis|ursprünglich|van|adviesprijs|normaal|cena regularna|cena katalogowa|najniższa cena|przed|zamiast|běžná cena|původní cena|původně|bežná cena|pôvodná cena|namesto|redna cena|stara cena|prije
        ord. pris|ordinarie pris|tidigare|rek. pris|førpris|normalpris|vejl. pris|veil. pris|norm.|ovh|eredeti ár|pret vechi|prp|старая цена|вместо|πριν|αρχική|eski fiyat|定価|通常価格|原價|原价|市價|市场价|정가|giá cũ|giá gốc
        """,
    naming.FEES: """
        subtotal|sub-total|subtotale|sous-total|zwischensumme|shipping|delivery|postage|p&p|freight|import charges|handling|spedizione|consegna|livraison|frais de port|versand|versandkosten|lieferung|envío|envio|gastos de envío|frete|verzendkosten|bezorging|dostawa|wysyłka|doprava|poštovné|dostava|poštnina|frakt|fragt|levering|toimitus|szállítás|livrare|доставка|kargo|משלוח|דמי משלוח|運費|运费|送料|배송비|eco-part|éco-part|eco-participation|éco-participation|d'éco-participation|éco-taxe|ecotaxe|eco-tax|ecotax|raee|pfand|deposit|kaution|free over|orders over|offerte dès|gratuite dès
        """,
    naming.INSTALMENT: """
        instalment|instalments|installment|installments|monthly|per month|/month|/mo|a month|payments of|interest-free|financing|finance|rate|rata|rate da|rate mensili|al mese|mensilità|raten|monatlich|pro monat|/monat|mtl.|finanzierung|par mois|/mois|mensualités|mensualité|fois|x sans frais|al mes|/mes|cuotas|plazos|meses|mensuales|parcelas|juros|per maand|p/m|miesięcznie|raty|mies.|měsíčně|mesačne|mån|/mån|pr. md|mnd|kk|hó|lună|в месяц|мес.|na mesec|mesečno|mēn.|mėn|kuus|taksit|תשלומים|月|分期|klarna|afterpay|clearpay|affirm|zip
        """,
    naming.SAVING: """
        save|you save|saving|savings|discount|off|risparmi|risparmio|sconto|sie sparen|ersparnis|sparen|rabatt|économisez|économie|remise|ahorra|ahorro|ahorras|descuento|dto|desconto|economize|je bespaart|korting|voordeel|oszczędzasz|rabat|ušetříte|sleva|zľava|ušetríte|prihranek|popust|ušteda|spara|spar|säästät|megtakarítás|economisești|reducere|скидка|экономия|economy|points|punti|punkte|puntos|cashback|coupon|voucher|buono|gutschein|bon|折|省|no pix|via pix|à vista|boleto|con transferencia|transferencia|bank transfer|con bonifico|bij vooruitbetaling|bei vorkasse|members|member price|club price|prezzo club|prix club|clubpreis
        """,
    naming.UNIT: """
        per kg|/kg|/ kg|per 100|/100 g|/100g|/100ml|/100 ml|/l|/ l|per litre|per item|per piece|/pc|each when|al kg|al litro|/mq|prezzo unitario|le kilo|le litre|au kilo|pro kg|pro 100|pro liter|grundpreis|je kg|por kg|el kilo|prezzo al
        ex vat|ex. vat|excl. vat|exc vat|excl|ex tax|tax excl|excl. tax|excluding|senza iva|iva esclusa|+ iva|escl. iva|ht|hors taxe|h.t.|ohne mwst|netto|zzgl|exkl|sin iva|sem iva|excl. btw|bez vat|bez dph|bez ddv|brez ddv|bez pdv|ex moms|exkl. moms|eks. moms|alv 0|nettó|fara tva|fără tva|без ндс|без пдв|χωρίς φπα|kdv hariç|税別|税抜
        """,
}
# What stands right before the amount that is asked now.
_CURRENT = """
now|now only|only|today|our price|your price|sale price|special price|current price|current price is|final price|price now|offer price|deal price|discounted price|price with discount|you pay|sale
ora|ora a|adesso|prezzo scontato|prezzo attuale|prezzo speciale|prezzo finale|prezzo in offerta|a soli|il nostro prezzo|in offerta a|prezzo con sconto
maintenant|prix actuel|prix remisé|prix réduit|prix soldé|prix promo|prix spécial|notre prix|votre prix|le prix actuel est
jetzt|jetzt nur|nur|heute|angebotspreis|aktionspreis|sonderpreis|unser preis|ihr preis|aktueller preis|aktueller preis ist|neuer preis|reduzierter preis
ahora|precio actual|precio rebajado|precio oferta|precio de oferta|precio especial|precio final|precio con descuento|nuestro precio|el precio actual es|oferta|precio internet|precio online
agora|por|por apenas|preço atual|preço promocional|preço com desconto|nu|nu voor|onze prijs|actieprijs|teraz|cena promocyjna|aktualna cena|cena po rabacie|nyní|naše cena|akční cena|cena po slevě|vaša cena|akčná cena
nu|pris nu|kampanjpris|nupris|tilbudspris|tarjoushinta|akciós ár|preț nou|preț special|ваша цена|цена со скидкой|новая цена|акционная цена|акцијска цена|naša cena|vaša cena|akcija|akcijska cena|akcijska cijena|τώρα|τιμή προσφοράς|indirimli fiyat|販売価格|特価|セール価格|优惠价|現在價|特價|판매가|할인가|giá khuyến mãi|giá bán
"""
_words_of = re.compile(r"[^\W\d_]+").findall
_UNSPACED = "\u0590"  # from Hebrew on: scripts that join words, or set prefixes before them


def words_of(text: str) -> list[str]:
    """The words of a text in lower case; of scripts without spaces between words every two letters, too."""
    words: list[str] = _words_of(text)
    if text and not text.isascii() and max(text) >= _UNSPACED:
        words += [text[at : at + 2] for at in range(len(text) - 1)]
    return words


class Phrases:
    """A set of phrases, found in a text fast: only those are looked for whose longest word the text has."""

    def __init__(self, phrases: Iterable[str]) -> None:
        of_word: dict[str, list[str]] = {}
        for phrase in {phrase.strip() for phrase in phrases if phrase.strip()}:
            rarest = phrase[:2] if max(phrase) >= _UNSPACED else max(_words_of(phrase), key=len)
            of_word.setdefault(rarest, []).append(phrase)
        self._searches = {word: re.compile("|".join(map(_as_words, own))).search for word, own in of_word.items()}
        self.words = frozenset(of_word)

    def among(self, words: frozenset[str], text: str) -> bool:
        """Whether the text, in lower case, holds one of the phrases as words of its own; `words` are all that it has."""
        return any(self._searches[word](text) for word in self.words & words)

    def find(self, text: str) -> bool:
        """The same for a text whose words are not known yet."""
        return self.among(frozenset(words_of(text)), text)


def _as_words(phrase: str) -> str:
    if max(phrase) >= _UNSPACED:
        return re.escape(phrase)
    before = r"(?<![^\W_])" if phrase[0].isalnum() else ""
    behind = r"(?![^\W_])" if phrase[-1].isalnum() else ""
    return before + re.escape(phrase) + behind


def _phrases(table: str) -> list[str]:
    return [phrase for line in table.strip().splitlines() for phrase in line.split("|")]


SOLD_OUT = Phrases(_phrases(_SOLD_OUT))
IN_STOCK = Phrases(_phrases(_IN_STOCK))
# "Image not available", "not available in this store": the product may be had all the same.
OTHER_THINGS = frozenset(
    _phrases("""
image|images|photo|photos|picture|pictures|video|preview|reviews|pickup|store|stores|branch|gift|wrapping|translation
immagine|immagini|negozio|negozi|magasin|magasins|filiale|filialen|bild|bilder|foto|fotos|imagen|imagem|tienda|tiendas
loja|winkel|winkels|butik|sklep|sklepie|recensioni|bewertungen
""")
)
LATER = Phrases(_phrases(_LATER))
BUY = Phrases(_phrases(_BUY))
_BESIDE_AMOUNT = {meaning: Phrases(_phrases(table)) for meaning, table in _BESIDE.items()}


_ENDS_CURRENT = re.compile(
    rf"(?<![^\W_])(?:{'|'.join(map(re.escape, sorted(set(_phrases(_CURRENT)), key=len, reverse=True)))})[^\w]*\Z"
)


@lru_cache(maxsize=16_384)
def before_amount(text: str) -> int:
    """What the words before an amount say of it, as bits of `naming`; the text is in lower case."""
    found = _meanings(text)
    # "Save 5 €, now 20 €": what stands right before the amount is about it.
    if any(char.isalpha() for char in text) and _ENDS_CURRENT.search(text):
        found = found & ~(naming.OLD | naming.SAVING) | naming.NOW
    return found


@lru_cache(maxsize=16_384)
def behind_amount(text: str) -> int:
    """What the words behind an amount say of it; those before another amount are about that one ("30 € statt 40 €")."""
    found = _meanings(text)
    return found & ~naming.OLD if any(char.isdigit() for char in text) else found


def _meanings(text: str) -> int:
    found = 0
    if any(char.isalpha() for char in text):
        for meaning, phrases in _BESIDE_AMOUNT.items():
            if phrases.find(text):
                found |= meaning
    return found
