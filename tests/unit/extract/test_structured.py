import pytest
from selectolax.lexbor import LexborHTMLParser

from listino.extract.json_ld import Node, json_ld
from listino.extract.markup import Markup

URL = "https://shop.example/p/1"


def block(text: str, attributes: str = 'type="application/ld+json"') -> str:
    return f"<html><head><script {attributes}>{text}</script></head></html>"


def items(page: str) -> list[Node]:
    return Markup(LexborHTMLParser(page), URL).microdata()


@pytest.mark.parametrize(
    "text",
    [
        '{"@type": "Product", "name": "a"}',
        '[{"@type": "Product", "name": "a"}]',
        '{"@context": "https://schema.org", "@graph": [{"@type": "Product", "name": "a"}]}',
        '{"@type": "Product", "name": "a",}',
        '{"@type": "Product", "name": "a", \n }',
        '\n<!-- {"@type": "Product", "name": "a"} -->\n',
        '//<![CDATA[\n{"@type": "Product", "name": "a"}\n//]]>',
        '<![CDATA[{"@type": "Product", "name": "a"}]]>',
        '/* <![CDATA[ */{"@type": "Product", "name": "a"}/* ]]> */',
        "{&quot;@type&quot;: &quot;Product&quot;, &quot;name&quot;: &quot;a&quot;}",
    ],
)
def test_json_ld_however_it_is_wrapped(text: str) -> None:
    assert json_ld(block(text)) == [{"@type": "Product", "name": "a"}]


def test_a_raw_line_break_in_a_text_is_mended() -> None:
    assert json_ld(block('{"description": "two\nlines"}')) == [{"description": "two lines"}]


@pytest.mark.parametrize(
    "attributes",
    ["type='application/ld+json'", "type=application/ld+json", 'id="x" TYPE = "Application/LD+JSON" data-y'],
)
def test_the_script_element_may_be_written_in_many_ways(attributes: str) -> None:
    assert json_ld(block('{"name": "a"}', attributes)) == [{"name": "a"}]


@pytest.mark.parametrize("text", ["", "{", "null", "5", '"text"', "[1, [2]]", "function(){}", '{"@graph": [1]}'])
def test_what_is_no_node_is_left_out(text: str) -> None:
    assert json_ld(block(text)) == []


def test_blocks_stand_side_by_side_and_a_broken_one_hurts_no_other() -> None:
    page = block('{"name": "a"}') + block("{broken") + block('[{"name": "b"}, {"name": "c"}]')
    assert [node["name"] for node in json_ld(page)] == ["a", "b", "c"]


def test_another_script_is_not_read() -> None:
    assert json_ld(block('{"name": "a"}', 'type="application/json"')) == []


def test_microdata_prefers_what_is_meant_for_machines() -> None:
    (node,) = items("""
        <div itemscope itemtype="https://schema.org/Product" itemid="urn:1">
          <h1 itemprop="name"> Moka  </h1>
          <meta itemprop="gtin13" content="4006381333931">
          <a itemprop="url" href="/p/1">here</a>
          <img itemprop="image" src="a.jpg">
          <div itemprop="offers" itemscope itemtype="http://schema.org/Offer">
            <span itemprop="price" content="19.90">19,90 €</span>
            <del>24,90 €</del>
            <link itemprop="availability" href="https://schema.org/InStock">
            <time itemprop="priceValidUntil" datetime="2026-12-31">New Year's Eve</time>
            <data itemprop="inventoryLevel" value="3">a few</data>
          </div>
        </div>""")
    assert node == {
        "@type": "Product",
        "@id": "urn:1",
        "name": "Moka",
        "gtin13": "4006381333931",
        "url": URL,
        "image": "https://shop.example/p/a.jpg",
        "offers": {
            "@type": "Offer",
            "price": "19.90",
            "struckThrough": "24,90 €",
            "availability": "https://schema.org/InStock",
            "priceValidUntil": "2026-12-31",
            "inventoryLevel": "3",
        },
    }


def test_a_repeated_property_is_a_list_in_the_pages_order() -> None:
    (node,) = items(
        '<p itemscope><b itemprop="image">1</b><i><u itemprop="image">2</u></i><b itemprop="image x">3</b></p>'
    )
    assert node == {"image": ["1", "2", "3"], "x": "3"}


def test_a_linked_picture_is_a_photo_with_its_thumbnail() -> None:
    (node,) = items('<p itemscope><a itemprop="image" href="/big.jpg"><img src="/small.jpg"></a></p>')
    assert node["image"] == {"url": "https://shop.example/big.jpg", "thumbnailUrl": "https://shop.example/small.jpg"}


def test_an_item_within_an_item_is_a_property_and_no_item_of_the_page() -> None:
    found = items("""
        <div itemscope itemtype="https://schema.org/Product"><b itemprop="name">Main</b>
          <div itemprop="isRelatedTo" itemscope itemtype="https://schema.org/Product"><b itemprop="name">Other</b></div>
          <div itemscope itemtype="https://schema.org/Thing"><b itemprop="name">Loose</b></div>
        </div>""")
    assert found == [{"@type": "Product", "name": "Main", "isRelatedTo": {"@type": "Product", "name": "Other"}}]


@pytest.mark.parametrize("opening", ["<div>", '<div itemprop="x" itemscope>'])
def test_markup_may_nest_deeper_than_python_calls(opening: str) -> None:
    page = '<div itemscope itemtype="https://schema.org/Product"><b itemprop="name">a</b>' + opening * 3000
    found = items(page)
    assert len(found) == 1
    assert found[0]["name"] == "a"


def test_a_malformed_address_is_empty() -> None:
    (node,) = items('<p itemscope><a itemprop="url" href="http://[x">a</a></p>')
    assert node == {"url": ""}
