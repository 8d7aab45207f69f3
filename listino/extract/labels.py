"""Labels that shops put before a code or a brand, in the languages of Europe and a few more, and the values behind them."""

import re
from enum import Enum, auto

from listino.extract.text import plain


def _words(table: str) -> list[str]:
    return table.split()


# Labels of a code, without their spaces and marks: `Art.-Nr.:` is `artnr`. The best word for an SKU first.
_SKU_LABELS = _words(
    """
    sku ugs skucode skuno skunr skunumber skuid itemno itemnr itemnumber itemnum itemcode itemid item itemref itemsku
    stockno stockcode stocknumber articleno articlenr articlenumber articlecode articleid article productno productnr
    productnumber productcode productid productref productreference productsku catalogno catalognumber cataloguenumber
    cataloguecode catno adno adid ad listingid listingno listingnumber styleno stylenumber stylecode style orderno
    ordercode lotno webid webcode inventoryno partcode codeno code itemmodelnumber artikelnr
    artikelnummer artikelno artikel artikelcode artikelid artnr artno artn art bestellnr bestellnummer bestnr produktnr
    produktnummer produktcode produktid prodnr modellnr warennummer varenr varenummer vareid varunummer varunr
    tuotenumero tuotekoodi tuoteid tuotenro artiklenr codice codicearticolo codiceprodotto cod codart codprod codiceart cód códproduto códdoproduto coddoproduto códigodoitem códdeproducto coddelprodotto codicedelprodotto codref narticolo nart
    articolo articolon numeroarticolo codprodotto rif riferimento riferimentoprodotto idprodotto réf ref référence
    reference référenceproduit refproduit réfproduit référencearticle numérodarticle numérodobjet numéroarticle
    codearticle codeproduit idproduit refarticle réfarticle refn réfn codearticlefournisseur numérodeproduit narticle numref numéroderéférence referencia referenciadelproducto
    referenciadeproducto código codigo códigodeproducto códigodelproducto códigodeartículo codproducto númerodeartículo
    númerodelartículo numerodearticulo códigodoproduto códigoproduto codigodoproduto referência codproduto referentie
    referentienummer bestelnummer bestelcode productnummer kod kodproduktu kodtowaru indeks numerkatalogowy
    numerproduktu numeraukcji symbol symbolproduktu nrkatalogowy nrartykułu numerartykułu numeroferty kód kódproduktu
    kódvýrobku kódzboží kódtovaru katalogovéčíslo katalogovečíslo objčíslo objednacíčíslo objednacíkód číslozboží
    čísloproduktu číslovýrobku katčíslo šifra šifraizdelka šifraartikla šifraproizvoda kodaizdelka sifra sifraproizvoda
    katalogskibroj kataloškibroj kataloškašt cikkszám termékkód cikkszam termékszám codprodus codprodusului
    codulprodusului produktakods precēskods preceskods prečukods kods prekėskodas kodas tootekood tootekoodi код
    кодтовара кодтовару артикултовара кодартикула артикул арт номертовара кодпродукта кодпродукт кодът кодна кодизделия артикулен артикулномер
    каталоженномер κωδικός κωδικόςπροϊόντος κωδικοσ κωδ ürünkodu stokkodu ürünno stokno modelkodu מקט קודמוצר קודפריט
    מספרפריט מספרקטלוגי رقمالمنتج رقمالصنف رمزالمنتج رقمالموديل كودالمنتج 商品番号 商品コード 商品編號 商品编号 商品貨號 商品代碼 商品号 商品id 品番
    管理番号 货号 貨號 产品编号 產品編號 產品貨號 商品料號 상품번호 상품코드 품번 제품번호 제품코드 mãsảnphẩm mãsp mãhàng mã รหัสสินค้า kodeproduk kodproduk
    """
)
_MODEL_LABELS = _words(
    """
    model modelno modelnumber modelname modelid modello modèle modell modelo modelcode mpn partno partnumber part
    mfg mfr mfgpart mfgno mfgpartno numérodemodèle reffabricante referenciafabricante réffabricant teilenummer herstnr
    modelreference modellnummer mfrpart mfrno mfrpartno manufacturerpartnumber manufacturersku manufacturernumber manufacturercode manufacturerref
    herstellernummer herstellernr herstellerartikelnr codiceproduttore codicemodello модель modelis mudel malli
    modèleréf 型番 モデル 型號 型号 모델명 모델번호
    """
)
_GTIN_LABELS = _words(
    """
    ean ean13 eancode gtin gtin13 upc upccode barcode codebarres codiceabarre codiceean strichcode eannummer
    códigodebarras codigodebarras isbn isbn13 isbn10 čárovýkód čiarovýkód штрихкод kodean kodkreskowy vonalkód barkod
    strekkode streckkod viivakoodi jan janコード
    """
)
_BRAND_LABELS = _words(
    """
    brand brandname marke marca marque merk märke merke varumærke varumärke značka marka hersteller manufacturer
    produttore fabricant fabricante producent výrobce výrobca proizvajalec proizvođač valmistaja tuotemerkki gyártó
    márka producător producator brend бренд марка производитель виробник ražotājs zīmols gamintojas kaubamärk tootja
    μάρκα κατασκευαστής מותג יצרן العلامةالتجارية ماركة ブランド メーカー 品牌 廠牌 브랜드 제조사 thươnghiệu แบรนด์ merek
    """
)


class Label(Enum):
    """Kinds of labels that a page puts before a value."""

    SKU = auto()
    MODEL = auto()
    GTIN = auto()
    BRAND = auto()


# The best word for an SKU wins where a word is in two tables.
_LABELS = (
    dict.fromkeys(_BRAND_LABELS, Label.BRAND)
    | dict.fromkeys(_GTIN_LABELS, Label.GTIN)
    | dict.fromkeys(_MODEL_LABELS, Label.MODEL)
    | dict.fromkeys(_SKU_LABELS, Label.SKU)
)
_LONGEST_LABEL = 40
_LONGEST_BRAND = 40
_MARKS = str.maketrans("", "", " \t\n\r\xa0.:：#-–—/()[]*'’`\"״׳°º№|_,;=&•·")
# Latin, Greek and Cyrillic letters: in other scripts a word goes on where a code ends.
_CODE = re.compile(r"[A-Za-z0-9\u0370-\u04ff](?:[\w.\-/+]{0,38}[A-Za-z0-9\u0370-\u04ff])?")
# `AS 18-129`: capitals and digits with spaces between them, and nothing else.
_SPACED_CODE = re.compile(r"[A-Z]{1,4}(?: [A-Z]{0,4}\d[\w.\-/]{0,15}){1,3}")
_NOTHING = frozenset({"N/A", "N.A", "N/D", "N.D", "TBA", "TBD", "NONE", "NULL"})
_AROUND_VALUES = " \t\n\r\xa0:：#№()[]|.,;"


def label_of(text: str) -> Label | None:
    """Which kind of value the text announces, when it is the label of a code or a brand and nothing else."""
    if len(text) > _LONGEST_LABEL:
        return None
    return _LABELS.get(text.translate(_MARKS).lower())


def labelled_value(kind: Label, text: str) -> str | None:
    """The value that a text behind a label of that kind begins with; None for what can be none."""
    text = text.strip(_AROUND_VALUES)
    if kind is Label.BRAND:
        return plain(text) if 1 < len(text) <= _LONGEST_BRAND and not text.isdecimal() else None
    match = _CODE.match(text)
    if match is None:
        return None
    if spaced := _SPACED_CODE.fullmatch(text):
        return spaced[0]
    code, rest = match[0], text[match.end() :]
    if rest and not rest[0].isspace() and rest[0] not in ",;)(|":
        return None
    if any(char.isdigit() for char in code):
        return code
    # Words are no codes, but for a few capitals that stand alone.
    return code if code.isupper() and len(code) > 2 and code not in _NOTHING and not rest.strip() else None
