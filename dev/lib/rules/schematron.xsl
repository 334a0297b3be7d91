<?xml version="1.0" encoding="UTF-8" ?>
<!-- Schematron in, a stylesheet out: it says of a document what fails, a line each, "flag|id|text".
     It knows what the official rules of e-invoices use, and stops at what it does not know. -->
<xsl:stylesheet
    version="3.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:out="urn:stylesheet-that-is-made"
    xmlns:sch="http://purl.oclc.org/dsdl/schematron"
    xmlns:xs="http://www.w3.org/2001/XMLSchema"
    exclude-result-prefixes="sch"
>
    <xsl:namespace-alias stylesheet-prefix="out" result-prefix="xsl" />

    <xsl:template match="sch:schema">
        <xsl:variable name="patterns" select="sch:pattern, sch:include/doc(resolve-uri(@href, base-uri()))/sch:pattern" />
        <out:stylesheet version="3.0">
            <xsl:for-each select="sch:ns">
                <xsl:namespace name="{@prefix}" select="@uri" />
            </xsl:for-each>
            <out:output method="text" />
            <xsl:copy-of select="xsl:*" />
            <xsl:apply-templates select="sch:let, $patterns/sch:let, $patterns/sch:rule" />
            <xsl:apply-templates select="* except (sch:ns, sch:let, sch:pattern, sch:include, xsl:*)" />
            <xsl:apply-templates select="$patterns/(* except (sch:let, sch:rule))" />
            <out:template match="/">
                <xsl:for-each select="$patterns">
                    <out:apply-templates select="." mode="{generate-id()}" />
                </xsl:for-each>
            </out:template>
            <xsl:for-each select="$patterns">
                <out:mode name="{generate-id()}" on-no-match="shallow-skip" />
            </xsl:for-each>
        </out:stylesheet>
    </xsl:template>

    <!-- Of the rules of a pattern, the first that fits a node is the only one for it. -->
    <xsl:template match="sch:rule">
        <out:template mode="{generate-id(..)}" priority="{count(following-sibling::sch:rule) + 1}">
            <xsl:attribute name="match" select="@context" />
            <xsl:apply-templates select="*" />
            <out:apply-templates select="@* | node()" mode="#current" />
        </out:template>
    </xsl:template>

    <xsl:template match="sch:let[@value]">
        <out:variable>
            <xsl:copy-of select="@name" />
            <xsl:attribute name="select" select="@value" />
        </out:variable>
    </xsl:template>

    <xsl:template match="sch:assert">
        <out:if>
            <xsl:attribute name="test" select="'not(' || @test || ')'" />
            <out:text>
                <xsl:value-of select="(@flag, 'fatal')[1], @id, normalize-space()" separator="|" />
                <xsl:text>&#10;</xsl:text>
            </out:text>
        </out:if>
    </xsl:template>

    <xsl:template match="sch:title | sch:p | sch:phase" />

    <xsl:template match="*">
        <xsl:message terminate="yes" select="'not known: ' || name() || ' in ' || base-uri()" />
    </xsl:template>
</xsl:stylesheet>
